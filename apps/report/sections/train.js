// A training: NLL, gradient, parameters by update.

// Points of one key of metrics.jsonl; where it is missing there is none. `from` is added to each; `error` is the
// key of its standard error.
function pointsOf(metrics, key, {from = 0, error} = {}) {
  const values = metrics.columns[key] || [], errors = metrics.columns[error] || [];
  return metrics.columns.update.map((x, i) => ({x, y: isNumber(values[i]) ? values[i] + from : null, error: errors[i]}))
      .filter((p) => isNumber(p.y));
}

function lineFigure(metrics, {name, title, see, unit, curves, log = false, constants = []}) {
  const shown = curves.map((curve) => ({...curve, points: pointsOf(metrics, curve.key, curve)})).filter((curve) => curve.points.length > 1);
  if (shown.length === 0) {
    return null;
  }
  const updates = metrics.columns.update;
  const columns = shown.map((curve) => new Map(curve.points.map((p) => [p.x, p.y])));
  const named = updates.filter((u) => columns.some((column) => column.has(u)));
  const every = Math.ceil(named.length / 100);
  const inTable = named.filter((_, i) => i % every === 0 || i === named.length - 1);
  return figure({
    name, title, see,
    panels: () => [{
      x: {title: 'update', min: 0, max: updates.at(-1), most: 8},
      y: {title: unit, log, ...rangeOf(shown.flatMap((curve) => curve.points.map((p) => p.y)).concat(constants.map((c) => c.value)), log)},
      sets: [
        ...shown.map((curve) => ({
          ...line(curve.colour, curve.dash || 0),
          ...(curve.marked && curve.points.length < 60 ? {pointRadius: 4} : {}),
          borderWidth: curve.marked ? 2 : 1.25, label: curve.label, data: curve.points,
          ...(curve.error ? {intervals: curve.points.map((p) => [p.y - 2 * p.error, p.y + 2 * p.error])} : {}),
        })),
        ...constants.map((c) => ({...line(c.colour, c.dash), label: c.label, data: [{x: 0, y: c.value}, {x: updates.at(-1), y: c.value}]})),
      ],
    }],
    table: {
      label: title.toLowerCase() + (every > 1 ? `, one in ${every} of the updates drawn` : ''),
      columns: ['update', ...shown.map((curve) => curve.label)],
      rows: inTable.map((u) => [String(u), ...columns.map((column) => number(column.get(u), 5))]),
    },
  });
}

function nllFigure(part) {
  const baseline = part.result?.baseline;
  const constant = (value, what, colour, dash) => isNumber(value) ? [{value, label: `${baseline.name}${what}`, colour, dash}] : [];
  const known = pointsOf(part.metrics, 'exact_nll');
  const estimated = pointsOf(part.metrics, 'nll_change').length > 1;
  const from = known.length > 0 && known[0].x === 0 ? known[0].y : 0;
  return lineFigure(part.metrics, {
    name: 'nll',
    title: 'Negative log-likelihood by update',
    see: (known.length > 0 ? 'The exact NLL falls as the model learns; where that of the rows held out rises again, it learns by heart.' : '') +
        (estimated ? ' The estimate is made without Z, by chains that no update follows; bars: two standard errors.' : '') +
        (estimated && from === 0 ? ' It begins at 0: only the change is known.' : ''),
    unit: 'mean NLL, nats',
    curves: [
      {key: 'nll', label: 'NLL of the batch', colour: 6},
      {key: 'nll_change', error: 'nll_change_se', from, label: 'estimated NLL', colour: 2, dash: 1, marked: true},
      {key: 'exact_nll', label: 'exact NLL', colour: 0, marked: true},
      {key: 'exact_test_nll', label: 'exact NLL, rows held out', colour: 1, marked: true},
    ],
    constants: baseline ? [...constant(baseline.nll, '', 3, 4), ...constant(baseline.test_nll, ', rows held out', 4, 2)] : [],
  });
}

// The NLL alone is wide; another loss stands beside what is known of the NLL.
function trainCurves(part) {
  const nll = nllFigure(part);
  const others = [lossFigure(part), energiesFigure(part.metrics)].filter(Boolean);
  return others.length === 0 ? nll : element('div', {class: 'beside'}, [...others, nll].filter(Boolean));
}

function otherCurves(metrics) {
  return [
    lineFigure(metrics, {
      name: 'gradient-norm',
      title: 'Gradient norm and its noise',
      see: 'When the norm has come down to the standard error of the chains, the steps that are left are noise.',
      unit: 'length',
      log: true,
      curves: [{key: 'gradient_norm', label: '|gradient|', colour: 0}, {key: 'chain_error', label: 'its standard error by chains', colour: 1, dash: 1}],
    }),
    lineFigure(metrics, {
      name: 'acceptance',
      title: 'Acceptance',
      see: 'A fall shows an energy that has become too sharp for the step size: the chains then lag behind.',
      unit: 'mean acceptance',
      curves: [{key: 'acceptance', label: 'acceptance', colour: 0}],
    }),
    agesFigure(metrics),
    lineFigure(metrics, {
      name: 'learning-rate',
      title: 'Learning rate',
      see: 'The rate of each update; steps are rate × gradient for plain descent.',
      unit: 'learning rate',
      curves: [{key: 'learning_rate', label: 'learning rate', colour: 0}],
    }),
  ];
}

// Values of a group among every k-th parameter that is kept.
function groupValues(group, params) {
  const size = group.shape.reduce((product, n) => product * n, 1);
  const begin = Math.ceil(group.first / params.every), end = Math.ceil((group.first + size) / params.every);
  return params.values.slice(begin, end).filter(isNumber);
}

function parameterFigure(part) {
  const {params, result} = part;
  if (!params || params.values.length === 0) {
    return null;
  }
  const groups = (result?.parameter_groups || [{name: 'all parameters', first: 0, shape: [params.count]}])
      .map((group) => ({group, values: groupValues(group, params)}))
      .filter(({values}) => values.length > 0);
  const many = groups.filter(({values}) => values.length >= manyScores);
  if (groups.every(({group}) => group.shape.length === 0)) {
    return element('div', {class: 'block'}, element('h4', {}, 'Parameters'),
                   table('parameters', ['parameter', 'value'], groups.map(({group, values}) => [group.name, number(values[0], 6)])));
  }
  const behind = {
    label: 'parameters by group',
    columns: ['group', 'shape', 'least', 'mean', 'largest', 'standard deviation'],
    rows: groups.map(({group, values}) => {
      const {mean, deviation} = momentsOf(values);
      return [group.name, group.shape.join(' x ') || 'one number', number(Math.min(...values)), number(mean), number(Math.max(...values)),
              values.length > 1 ? number(deviation) : missing];
    }),
  };
  if (many.length === 0) {
    return element('div', {class: 'block'}, element('h4', {}, 'Parameters'), table(behind.label, behind.columns, behind.rows));
  }
  return figure({
    name: 'parameters',
    title: 'Parameters by group',
    see: 'A spread of several units of energy is a model that has decided; values that run far out ask for weight decay (l2).',
    size: 'small',
    legend: false,
    panels: () => many.map(({group, values}, i) => {
      const {min, max} = rangeOf(values, false, 0.02);
      const {edges, heights} = histogram(values, min, max, Math.max(10, Math.min(40, Math.round(Math.sqrt(values.length)))));
      return {
        name: group.name, title: `${group.name}: ${values.length} values`, height: 'low', x: {title: 'value', min, max, most: 6}, y: {title: 'density', min: 0, most: 4},
        sets: [{...filled(i, group.name), data: outline(edges, heights)}],
      };
    }),
    table: behind,
  });
}

function nllEntries(result) {
  const change = (nll, label, note) => nll && isNumber(nll.after) ? [label, number(nll.after, 5), `${note}; before: ${number(nll.before, 5)}`] : null;
  const {baseline, nll_change: estimated} = result;
  return [
    change(result.nll, 'mean NLL, nats', `exact, by ${result.nll?.method}`),
    estimated && isNumber(estimated.value)
        ? ['change of the NLL, without Z', withError(estimated.value, estimated.standard_error),
           isNumber(result.nll?.after) ? `exact: ${number(result.nll.after - result.nll.before, 5)}` : '± its standard error']
        : null,
    change(result.test_nll, 'on rows held out', 'exact'),
    baseline ? [baseline.name, number(baseline.nll, 5), isNumber(baseline.test_nll) ? `its NLL; on rows held out: ${number(baseline.test_nll, 5)}` : 'its NLL'] : null,
  ];
}

function lossEntry({loss}) {
  return loss ? [`loss: ${loss.name.replaceAll('_', ' ')}`, number(loss.value, 5), 'mean over the batch of the last update'] : null;
}

function trainVerdicts(result) {
  const {nll, test_nll: test, baseline} = result;
  const said = [];
  if (nll && isNumber(nll.after)) {
    said.push(`The mean NLL went from ${number(nll.before, 5)} to ${number(nll.after, 5)} nats in ${plural(result.updates, 'update')}` +
              (test && isNumber(test.after) ? `, on the rows held out from ${number(test.before, 5)} to ${number(test.after, 5)}.` : '.'));
  } else {
    said.push(`There is no exact NLL${nll?.why_not ? `: ${nll.why_not}` : ''}.` +
              (isNumber(result.nll_change?.value)
                   ? ` Estimated without Z, it changed by ${withError(result.nll_change.value, result.nll_change.standard_error)} nats.`
                   : '') +
              ` The gradient's norm at the end was ${number(result.gradient_norm)}.`);
  }
  const [own, other, where] = isNumber(baseline?.test_nll) && isNumber(test?.after) ? [test.after, baseline.test_nll, ' on the rows held out']
                                                                                  : [nll?.after, baseline?.nll, ''];
  if (isNumber(own) && isNumber(other)) {
    said.push(`Against ${baseline.name} it is ${own < other ? 'better' : 'worse'} by ${number(Math.abs(own - other))} nats a row${where}.`);
  }
  if (isNumber(result.mixing?.rhat)) {
    said.push(result.verdict.summary);
  }
  return said;
}

/** What was descended: the NLL by some gradient, or another criterion. */
function descended(options) {
  return (options.loss ?? 'nll') === 'nll' ? `gradient = ${options.gradient}` : `loss = ${options.loss}`;
}

function trainSection(part) {
  const {result, metrics} = part;
  return [
    result ? figures([['updates', String(result.updates), `${result.train.optimizer}, ${descended(result.train)}`], lossEntry(result), ...nllEntries(result)]) : null,
    result ? trainVerdicts(result).map((text) => element('p', {class: 'verdict'}, text)) : null,
    result ? warningsList(result.warnings) : null,
    metrics ? [trainCurves(part), element('div', {class: 'beside'}, otherCurves(metrics).filter(Boolean))] : null,
    healthFigure(result),
    parameterFigure(part),
    weightFigure(part),
  ];
}

function trainOptions(result) {
  return closed('Options of the training',
                facts([['sampler', result.sampler ? optionsText(result.sampler) : null],
                       ...Object.entries(result.train).map(([key, value]) => [key, String(value)])]));
}
