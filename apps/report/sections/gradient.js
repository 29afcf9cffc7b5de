// Estimates of one gradient beside the exact one.

const clearlyAbove = 2;  // rms z: what is above this is no noise

function isBiased(row) {
  return row.warnings.some((warning) => warning.code.startsWith('biased_'));
}

function lastOf(row) {
  return row.trace?.at(-1);
}

function relativeNoise(row, exact) {
  return row.noise / exact.norm;
}

// What is left of the error where the noise is taken away; null where it cannot be told from noise.
function biasOf(row, exact) {
  const noise = relativeNoise(row, exact);
  return row.rms_z > clearlyAbove ? Math.sqrt(Math.max(0, row.relative_error ** 2 - noise ** 2)) : null;
}

function rowLabel(row, exact) {
  const bias = exact && isBiased(row) ? biasOf(row, exact) : null;
  return bias ? `${row.label}: bias ${number(bias)}` : row.label;
}

function evaluationsOf(counted) {
  return counted.energy_evaluations + counted.gradient_evaluations;
}

// Whether the trace shows how the error bar falls: one point says nothing of draws to come.
function canExtrapolate(row) {
  return row.trace?.length >= 4 && isNumber(row.rms_z) && row.rms_z <= clearlyAbove;
}

// Evaluations for a relative error of 1 %, as the error bar falls with the square root of the draws.
function evaluationsForOnePercent(row, exact) {
  const warmup = lastOf(row).warmup_evaluations;
  const drawing = evaluationsOf(row) - warmup;
  return warmup + drawing * (relativeNoise(row, exact) / 0.01) ** 2;
}

// Time for a relative error of 1 %: what the trace says of the warm-up and of a draw.
function secondsForOnePercent(row, exact) {
  const more = (relativeNoise(row, exact) / 0.01) ** 2;
  const [first, last] = [row.trace[0], lastOf(row)];
  const each = (last.timing.seconds - first.timing.seconds) / (last.draws - first.draws);
  return Math.max(0, first.timing.seconds - each * first.draws) + each * last.draws * more;
}

function sampled(result) {
  return result.rows.filter((row) => row.noise > 0);
}

function verdictOf(row, exact) {
  const figures = `off by ${percent(row.relative_error)} of |gradient| where its error bars explain ` +
      `${percent(relativeNoise(row, exact), 2)} (rms z ${number(row.rms_z)})`;
  return isBiased(row)
      ? `${row.label} is ${figures}: bias of the method, not noise. More draws will not mend it.`
      : `${row.label} is ${figures}: the error bars are too small, or ${
          row.sampler ? 'the chains have not forgotten their start' : 'the proposal misses where the mass is'}.`;
}

function gradientVerdicts(result) {
  const exact = result.exact;
  if (!isNumber(exact.norm)) {
    return [`There is no exact gradient to compare with: ${exact.why_not}. The error bars stand alone.`];
  }
  const rows = sampled(result).filter((row) => isNumber(row.rms_z));
  const right = rows.filter((row) => row.rms_z <= clearlyAbove);
  const wrong = rows.filter((row) => row.rms_z > clearlyAbove);
  const said = [];
  if (right.length > 0) {
    said.push(`Agreement with the exact gradient within the error bars: ${list(right.map((row) => row.label))} (rms z ` +
              `${right.map((row) => number(row.rms_z)).join(', ')}; true bars give about 1).`);
  }
  said.push(...wrong.map((row) => verdictOf(row, exact)));
  const unbiased = right.filter((row) => !isBiased(row) && canExtrapolate(row));
  if (unbiased.length > 1) {
    said.push(cheapest(unbiased, exact));
  }
  return said;
}

function cheapest(rows, exact) {
  const by = (cost) => rows.toSorted((a, b) => cost(a) - cost(b));
  const [first, second] = by((row) => evaluationsForOnePercent(row, exact));
  const quickest = by((row) => secondsForOnePercent(row, exact))[0];
  const ratio = evaluationsForOnePercent(second, exact) / evaluationsForOnePercent(first, exact);
  return `For a relative error of 1 % ${first.label} needs the fewest evaluations, ` +
      `${count(evaluationsForOnePercent(first, exact), 2)} (the next, ${second.label}, ${number(ratio, 2)} times as many); ` +
      `the least time ${quickest.label}, about ${number(secondsForOnePercent(quickest, exact), 2)} s.`;
}

function gradientTable(result) {
  const {exact} = result;
  const known = isNumber(exact.norm);
  const columns = known
      ? ['method', 'relative error', 'its error bar', 'cosine', 'rms z', 'evaluations for 1 %']
      : ['method', '|gradient|', 'its error bar'];
  const rows = result.rows.map((row) => {
    const size = row.noise > 0;
    const never = known && (row.rms_z > clearlyAbove);
    return [
      row.label,
      ...(known ? [withError(row.relative_error, lastOf(row)?.relative_error_se), number(relativeNoise(row, exact)),
                   number(row.cosine, 5), number(row.rms_z), !size ? missing : never ? 'never' : canExtrapolate(row) ? count(evaluationsForOnePercent(row, exact)) : missing]
                : [number(row.norm), number(row.noise)]),
      number(row.acceptance), number(row.mixing?.rhat, 4), `${count(row.effective_size_min)}, ${count(row.effective_size_median)}`,
      `${count(row.timing.effective_per_second_min)}, ${count(row.timing.effective_per_second_median)}`,
      `${count(row.energy_evaluations)}, ${count(row.gradient_evaluations)}`, number(row.timing.seconds),
    ];
  });
  return table('the estimates, side by side', [
    ...columns, 'accept\u00adance', 'R-hat', 'ESS: min, median', 'ESS/s: min, median', 'evaluations: energy, gradient', 'seconds',
  ], rows);
}

// ---- error against cost

const costs = {
  evaluations: {
    title: 'evaluations, without warm-up',
    of: (point) => evaluationsOf(point) - point.warmup_evaluations,
  },
  seconds: {title: 'seconds, with warm-up', of: (point) => point.timing?.seconds},
};

function errorOf(point) {
  return point.relative_error ?? point.noise / point.norm;
}

// Through the dearer half of the points: the others may stand in the shadow of the warm-up.
function guideLine(points, range) {
  const later = points.slice(Math.floor(points.length / 2));
  const factor = Math.exp(later.reduce((sum, p) => sum + Math.log(p.y * Math.sqrt(p.x)), 0) / later.length);
  return [range.min, range.max].map((x) => ({x, y: factor / Math.sqrt(x)}));
}

function errorPanel(rows, exact, cost) {
  const usable = (points) => points.filter(({x, y}) => x > 0 && y > 0);
  const lines = rows.map((row, i) => ({
    row, i,
    points: usable(row.trace.map((point) => ({
      x: cost.of(point), y: errorOf(point), low: errorOf(point) - point.relative_error_se,
      high: errorOf(point) + point.relative_error_se, claimed: point.relative_noise}))),
  })).filter((each) => each.points.length > 0);
  const all = lines.flatMap((each) => each.points);
  const x = rangeOf(all.map((p) => p.x), true, 0.02);
  const y = rangeOf(all.flatMap((p) => [p.y, p.high, p.claimed]), true);
  const sets = lines.map(({row, i, points}) => ({
    ...series(i), label: rowLabel(row, exact), group: row.label, data: points,
    intervals: points.map((p) => isNumber(p.low) ? [p.low, p.high] : null),
  }));
  sets.push(...lines.filter(({points}) => points.some((p) => p.claimed > 0)).map(({row, i, points}) => ({
    ...line(i, 1), borderWidth: 1.5, group: row.label, label: `${row.label}: what its error bars claim`, unlisted: true,
    data: points.filter((p) => p.claimed > 0).map((p) => ({x: p.x, y: p.claimed})),
  })));
  const anchor = lines.find(({row}) => !isBiased(row));
  if (anchor) {
    sets.push({...quietLine(2), label: '1/√cost', silent: true, data: guideLine(anchor.points, x)});
  }
  return [{sets, x: {title: cost.title, log: true, ...x}, y: {title: exact ? 'relative error' : 'relative standard error', log: true, ...y}}];
}

function errorFigure(result) {
  const rows = result.rows.filter((row) => row.trace?.length > 0);
  if (rows.length === 0) {
    return null;
  }
  const exact = isNumber(result.exact.norm) ? result.exact : null;
  let chosen = 'evaluations';
  const controls = choice('Cost in', [['evaluations', 'evaluations'], ['seconds', 'seconds']], chosen, (key) => {
    chosen = key;
    made.redraw();
  });
  const made = figure({
    name: 'error',
    title: exact ? 'Error against cost' : 'Standard error against cost',
    see: exact ? 'Methods whose error is noise fall along 1/\u2060√cost (dotted), with the errors that their bars claim ' +
                    '(dashed); a biased method leaves its dashed line and flattens. Bars: one standard error.'
               : 'The standard error falls along 1/\u2060√cost (dotted) once the chains have forgotten their start.',
    controls,
    panels: () => errorPanel(rows, exact, costs[chosen]),
    table: {
      label: 'error against cost',
      columns: ['method', 'draws', 'energy evaluations', 'gradient evaluations', 'of them warm-up', 'seconds',
                ...(exact ? ['relative error', 'claimed by error bars', 'rms z', 'worst z', 'coverage'] : ['standard error', '|gradient|']),
                'ESS min', 'ESS median'],
      rows: rows.flatMap((row) => row.trace.map((point) => [
        row.label, count(point.draws), count(point.energy_evaluations), count(point.gradient_evaluations),
        count(point.warmup_evaluations), number(point.timing?.seconds),
        ...(exact ? [withError(point.relative_error, point.relative_error_se), number(point.relative_noise),
                     number(point.rms_z), number(point.worst_z), percent(point.coverage)]
                  : [number(point.noise), number(point.norm)]),
        count(point.effective_size_min), count(point.effective_size_median),
      ])),
    },
  });
  return made;
}

// ---- component by component

function covers(row, components, k) {
  return isNumber(row.interval[k]) && Math.abs(row.mean[k] - components.exact[k]) <= row.interval[k];
}

function componentPanel(row, i, components, range) {
  const points = components.names.map((name, k) => ({
    name, x: components.exact[k], y: row.mean[k], half: row.interval[k], inside: covers(row, components, k),
  })).filter((p) => isNumber(p.x) && isNumber(p.y));
  const some = (inside) => points.filter((p) => p.inside === inside);
  const bars = (list) => list.map((p) => isNumber(p.half) ? [p.y - p.half, p.y + p.half] : null);
  const many = points.length > 40;
  const style = {...series(i), showLine: false, pointRadius: many ? 2 : 4, cap: many ? 0 : 4, intervalWidth: many ? 1 : 1.5};
  const outside = {...style, borderColor: theme().accent, backgroundColor: theme().accent, pointStyle: 'crossRot', pointRadius: many ? 3 : 5};
  return {
    name: row.label,
    title: `${row.label}: ${some(true).length} of ${points.length} cover`,
    height: 'square',
    x: {title: 'exact', ...range, most: 7},
    y: {title: 'estimate', ...range, most: 7},
    sets: [
      {...quietLine(1), label: 'estimate = exact', silent: true, data: [{x: range.min, y: range.min}, {x: range.max, y: range.max}]},
      {...style, label: 'covers the exact value', unlisted: true, data: some(true), intervals: bars(some(true))},
      {...outside, label: 'does not cover it', unlisted: some(false).length === 0, data: some(false), intervals: bars(some(false))},
    ],
  };
}

function componentFigure(result) {
  const {components} = result;
  const rows = sampled(result);
  if (!components.exact || rows.length === 0) {
    return null;
  }
  return figure({
    name: 'components',
    title: 'Exact and estimated components',
    see: `Each point is one component of the gradient with its 95 % interval: true intervals cover the exact value, the ` +
        `diagonal, in about 95 of 100 cases; those that do not are crosses.` +
        (components.names.length < components.count ? ` Shown are the ${components.names.length} components of ${components.count} ` +
                                                          'whose exact value is largest.' : ''),
    size: 'small',
    panels: () => {
      const range = rangeOf(rows.flatMap((row) => row.mean).concat(components.exact), false);
      return rows.map((row) => componentPanel(row, result.rows.indexOf(row), components, range));
    },
    table: {
      label: 'components',
      columns: ['component', 'exact', ...rows.map((row) => row.label)],
      rows: components.names.map((name, k) => [
        name, number(components.exact[k], 4), ...rows.map((row) => withError(row.mean[k], row.standard_error[k])),
      ]),
    },
  });
}

// Where there is no exact gradient: the estimates and their error bars.
function estimateTable(result) {
  const {components} = result;
  if (components.exact) {
    return null;
  }
  return element('div', {class: 'block'}, element('h4', {}, 'Components'), table('estimates and standard errors', ['component', ...result.rows.map((row) => row.label)],
               components.names.map((name, k) => [
                 name, ...result.rows.map((row) => withError(row.mean[k], row.standard_error[k])),
               ])));
}

// ---- z-scores

const zRange = 5;
const manyScores = 20;

function normalDensity(z) {
  return Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
}

function scorePanel(row, i) {
  const curve = Array.from({length: 101}, (_, k) => -zRange + k * zRange / 50).map((x) => ({x, y: normalDensity(x)}));
  const normal = {...quietLine(0), borderWidth: 2, label: 'standard normal density', silent: true, data: curve};
  const clamped = row.z.map((z) => Math.max(-zRange, Math.min(zRange, z)));
  const beyond = row.z.filter((z) => Math.abs(z) > zRange).length;
  const title = `${row.label}: rms z ${number(row.rms_z)}` + (beyond > 0 ? `, ${beyond} of ${row.z.length} beyond ±${zRange}` : '');
  const axes = {x: {title: 'z', min: -1.06 * zRange, max: 1.06 * zRange, most: 6}, y: {title: 'density', min: 0, most: 5}};
  if (row.z.length < manyScores) {
    const points = clamped.map((x, k) => ({x, y: normalDensity(x), name: row.z[k] === x ? undefined : `z = ${number(row.z[k])}`}));
    return {name: row.label, title, height: 'low', ...axes, sets: [{...series(i), showLine: false, pointRadius: 6, label: 'a component', unlisted: true, data: points}, normal]};
  }
  const bins = row.z.length < 200 ? 20 : 40;
  const {edges, heights} = histogram(clamped, -zRange, zRange, bins);
  return {name: row.label, title, height: 'low', ...axes, sets: [{...filled(i, 'z-scores'), unlisted: true, data: outline(edges, heights)}, normal]};
}

function scoreFigure(result) {
  const rows = sampled(result).map((row) => ({...row, z: (row.z || []).filter(isNumber)})).filter((row) => row.z.length > 0);
  if (rows.length === 0) {
    return null;
  }
  const place = (row) => result.rows.findIndex((other) => other.label === row.label);
  const share = (row, bound) => percent(row.z.filter((z) => Math.abs(z) > bound).length / row.z.length, 2);
  const few = rows.every((row) => row.z.length < manyScores);
  return figure({
    name: 'scores',
    title: 'z-scores: error in units of the error bar',
    see: (few ? 'Each mark is a component, set on the curve: marks lie where the curve is high if the error bars are true.'
              : 'The histogram follows the standard normal curve if the error bars are true; a wider one means bars that are too small, or bias.') +
        ` Scores beyond ±${zRange} stand at the edge.`,
    size: 'small',
    panels: () => rows.map((row) => scorePanel(row, place(row))),
    table: {
      label: 'z-scores',
      columns: ['method', 'scores', 'rms z', 'worst z', '|z| > 1', '|z| > 2', '|z| > 3'],
      rows: [...rows.map((row) => [row.label, String(row.z.length), number(row.rms_z), number(row.worst_z), share(row, 1), share(row, 2), share(row, 3)]),
             ['standard normal', missing, '1', missing, '31.7 %', '4.55 %', '0.270 %']],
    },
  });
}

// What coupled chains say of the start; null where none were asked.
function startUpTable(result) {
  const said = result.rows.flatMap((row) => [
    [row.label, row.start_up], [`${row.label}, positive phase`, row.positive_start_up],
  ]).filter(([, startUp]) => startUp);
  if (said.length === 0) {
    return null;
  }
  return element('div', {class: 'block'}, element('h4', {}, 'Start-up'), table(
    'meeting times of coupled chains, in steps, and what they leave of the start',
    ['method', 'pairs', 'not met', 'lag', 'met: median', '99 %', 'last', 'after steps', 'total variation at most (95 %)'],
    said.map(([label, s]) => [
      label, count(s.pairs), count(s.not_met), count(s.lag), number(s.median), number(s.percentile_99), number(s.longest),
      count(s.after), isNumber(s.bound_upper) ? number(Math.min(1, s.bound_upper), 2) : missing,
    ])));
}

// What weighted draws say of the NLL itself.
function estimatedNllTable(result) {
  const rows = result.rows.filter((row) => row.nll);
  return rows.length === 0 ? null : element('div', {class: 'block'}, element('h4', {}, 'NLL by weighted draws'), table(
    'estimates of the NLL', ['method', 'mean NLL, nats', 'bias of the logarithm', 'log Z, mean over the rows', 'effective share of the draws, worst row'],
    rows.map(({label, nll}) => [label, withError(nll.mean, nll.standard_error), number(nll.jensen_bias, 2), number(nll.log_z, 6), percent(nll.weight_share, 2)])));
}

function gradientSection(part) {
  const {result} = part;
  const exact = result.exact;
  return [
    figures([
      isNumber(exact.norm) ? ['|gradient|', number(exact.norm, 6), `exact, by ${exact.method}, ${seconds(exact.timing?.seconds)}`]
                           : null,
      ...result.rows.map((row) => isNumber(row.relative_error)
          ? [row.label, withError(row.relative_error, lastOf(row)?.relative_error_se), 'relative error']
          : [row.label, withError(row.norm, row.noise), '|gradient| ± length of its standard error']),
    ]),
    gradientVerdicts(result).map((text) => element('p', {class: 'verdict'}, text)),
    result.rows.length > 0 ? gradientTable(result) : null,
    warningsOfRows(result.rows),
    startUpTable(result),
    estimatedNllTable(result),
    errorFigure(result),
    componentFigure(result),
    estimateTable(result),
    scoreFigure(result),
  ];
}

function gradientOptions(result) {
  return closed('Samplers and estimators',
                facts(result.rows.map((row) => [row.label, `${row.sampler ? `${optionsText(row.sampler)}; ` : ''}${optionsText(row.estimator)}`])));
}
