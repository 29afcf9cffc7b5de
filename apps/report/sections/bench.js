// The convergence benchmark: several problems, each by several methods, over seeds.

const benchCosts = {
  evaluations: {title: 'evaluations, without warm-up', of: (point) => point.evaluations},
  seconds: {title: 'seconds, median', of: (point) => point.timing?.seconds?.median},
};

function quartiles(value) {
  return value && isNumber(value.median) ? `${number(value.median)} (${number(value.low)} to ${number(value.high)})` : missing;
}

function countQuartiles(value) {
  return value && isNumber(value.median) ? `${count(value.median)} (${count(value.low)} to ${count(value.high)})` : missing;
}

// A bias that stands out of its own error bar.
function hasFloor(row) {
  return row.floor && row.floor.relative_error > 2 * row.floor.standard_error;
}

function benchLabel(row) {
  return hasFloor(row) ? `${row.label}: bias ${number(row.floor.relative_error)}` : row.label;
}

function benchPanel(problem, cost) {
  const lines = problem.rows.map((row, i) => ({
    row, i,
    points: row.points.map((point) => ({x: cost.of(point), y: point.relative_error?.median, low: point.relative_error?.low, high: point.relative_error?.high}))
        .filter((p) => p.x > 0 && p.y > 0),
  })).filter(({points}) => points.length > 0);
  const all = lines.flatMap(({points}) => points);
  const x = rangeOf(all.map((p) => p.x), true, 0.02), y = rangeOf(all.flatMap((p) => [p.low, p.y, p.high]), true);
  const anchor = lines.find(({row}) => !row.biased);
  return [{
    x: {title: cost.title, log: true, ...x}, y: {title: 'relative error of the gradient', log: true, ...y},
    sets: [
      ...lines.map(({row, i, points}) => ({
        ...series(i), label: benchLabel(row), data: points, band: true, intervals: points.map((p) => isNumber(p.low) ? [p.low, p.high] : null),
      })),
      ...lines.filter(({row}) => hasFloor(row)).map(({row, i}) => ({
        ...line(i, 6), borderWidth: 1, label: benchLabel(row), unlisted: true, silent: true,
        data: [x.min, x.max].map((at) => ({x: at, y: row.floor.relative_error})),
      })),
      ...(anchor ? [{...quietLine(2), label: '1/√cost', silent: true, data: guideLine(anchor.points, x)}] : []),
    ],
  }];
}

function benchFigure(problem, seeds) {
  let chosen = 'evaluations';
  const controls = choice('Cost in', [['evaluations', 'evaluations'], ['seconds', 'seconds']], chosen, (key) => {
    chosen = key;
    made.redraw();
  });
  const made = figure({
    name: `error-${slug(problem.name)}`,
    title: `${problem.name}: error against cost`,
    see: `Median over ${plural(seeds, 'seed')} with the band from quartile to quartile: exact methods fall along 1/\u2060√cost (dotted), ` +
        'the lower the better; a biased one flattens at its bias.',
    controls,
    panels: () => benchPanel(problem, benchCosts[chosen]),
    table: {
      label: `${problem.name}: error against cost`,
      columns: ['method', 'draws', 'evaluations', 'seconds', 'relative error (quartiles)', 'claimed by error bars', 'worst z (quartiles)', 'worst z expected', 'coverage of 95 %'],
      rows: problem.rows.flatMap((row) => row.points.map((point) => [
        row.label, count(point.draws), count(point.evaluations), quartiles(point.timing?.seconds), quartiles(point.relative_error),
        quartiles(point.relative_noise), quartiles(point.worst_z), number(point.worst_z?.expected_median),
        point.coverage ? `${withError(100 * point.coverage.mean, 100 * point.coverage.standard_error)} %` : missing,
      ])),
    },
  });
  return made;
}

function ranked(problem) {
  const place = (row) => parseFloat(row.timing?.rank) || Infinity;
  return problem.rows.toSorted((a, b) => place(a) - place(b));
}

function rankingTable(problem) {
  return table(`${problem.name}: ranking`, [
    'method', 'rank', 'rank by evaluations', 'ESS/s (quartiles)', 'ESS per evaluation (quartiles)', 'acceptance', 'slope', 'bias', 'coverage of 95 %', 'total variation', 'its noise floor',
  ], ranked(problem).map((row) => {
    const last = row.points.at(-1);
    return [
      row.label, row.timing?.rank ?? missing, row.rank_by_evaluations ?? missing, countQuartiles(row.timing?.effective_size_per_second), quartiles(row.effective_size_per_evaluation),
      number(row.acceptance), row.slope ? withError(row.slope.mean, row.slope.standard_error) : missing,
      row.floor ? withError(row.floor.relative_error, row.floor.standard_error) : row.biased ? 'not seen' : 'none',
      last?.coverage ? `${withError(100 * last.coverage.mean, 100 * last.coverage.standard_error)} %` : missing,
      quartiles(row.total_variation), number(row.total_variation?.floor),
    ];
  }));
}

function benchVerdict(problem) {
  const first = ranked(problem).filter((row) => parseFloat(row.timing?.rank) === 1).map((row) => row.label);
  if (first.length === 0) {
    return null;
  }
  return element('p', {class: 'verdict'}, first.length > 1
      ? `On ${problem.name} ${list(first)} share the first place by effective draws a second: the seeds cannot tell them apart.`
      : `On ${problem.name} ${first[0]} is first by effective draws a second.`);
}

function benchSection(part) {
  const {result} = part;
  const name = (i) => `${part.folder}-problem-${i + 1}`.replace(/[^\w-]/g, '-');
  return [
    figures([['problems', String(result.problems.length)], ['seeds', String(result.seeds)]]),
    element('nav', {'aria-label': 'Problems'}, element('ol', {}, result.problems.map((problem, i) => element(
                                                   'li', {}, element('a', {href: `#${name(i)}`}, problem.name))))),
    result.problems.map((problem, i) => element(
        'section', {class: 'problem', id: name(i)}, element('h3', {}, problem.name), problem.description ? element('p', {}, problem.description) : null,
        facts([['exact method', problem.exact_method], ['parameters', String(problem.num_params)], ['|gradient|', number(problem.gradient_norm)]]),
        benchVerdict(problem), rankingTable(problem), warningsOfRows(problem.rows), benchFigure(problem, result.seeds))),
  ];
}
