// The minima of the model: where they lie along y, how high, and how many searches ended in each.

function minimaOf(result, row) {
  return result.rows[row.result_row - 1]?.minima ?? [];
}

function minimaPanel(result, pictures, row) {
  const points = row.y.map((x, i) => ({x, y: row.energy[i]})).filter((p) => isNumber(p.y));
  const least = Math.min(...points.map((p) => p.y), ...minimaOf(result, row).map((m) => m.energy));
  const top = Math.max(...points.map((p) => p.y - least), 1e-12);
  const marks = minimaOf(result, row).map((m, i) => ({
    x: m.place[0], y: m.energy - least,
    name: `minimum ${i + 1}` + (m.searches > 0 ? `, where searches ended: ${count(m.searches)}` : ''),
  }));
  const observed = isNumber(row.y_observed) ? [{...observedLine(row, top), label: 'y observed'}] : [];
  return {
    name: `row-${row.result_row}`, title: row.row === null ? undefined : profileTitle(pictures, row), height: 'low',
    x: {title: pictures.y, min: row.y[0], max: row.y.at(-1), most: 6}, y: {title: 'energy − min', min: -0.05 * top, max: 1.05 * top, most: 5},
    sets: [
      {...series(2), pointRadius: 7, showLine: false, label: 'minima that were found', data: marks},
      {...line(0), label: result.infer.target === 'yz' ? 'E, least over z' : 'F', data: points.map((p) => ({...p, y: p.y - least}))}, ...observed,
    ],
  };
}

function minimaProfileFigure(part) {
  const rows = part.pictures?.minima?.rows ?? [];
  if (rows.length === 0) {
    return null;
  }
  return figure({
    name: 'minima',
    title: 'Energy along y, and its minima',
    see: 'Each mark is an answer: the lowest is the best one, and one x may have several.',
    size: rows.length > 1 ? 'small' : 'wide',
    panels: () => rows.map((row) => minimaPanel(part.result, part.pictures.minima, row)),
    table: {
      label: 'minima along y',
      columns: ['row', ...part.pictures.minima.x, 'observed', 'minima, the lowest first'],
      rows: rows.map((row) => [String(row.row ?? row.result_row), ...row.x.map((x) => number(x, 4)), number(row.y_observed, 4),
                               minimaOf(part.result, row).map((m) => number(m.place[0], 4)).join(', ')]),
    },
  });
}

function aboveLowest(row) {
  return row.minima.map((m) => m.energy - row.minima[0].energy);
}

function modesPanel(name, title, i, many, count, data) {
  return {
    name, title, height: 'low', x: {title: many ? 'row' : 'minimum, by energy', min: 0.5 - 0.02 * count, max: count + 0.5 + 0.02 * count, most: 7},
    y: {title: name, most: 5, ...rangeOf([0, ...data.map((p) => p.y)])},
    sets: [{...series(i), showLine: false, label: title, data}],
  };
}

// One row: its minima by energy. Several rows: what lies above the lowest of each, and how often that was found.
function modesFigure(result) {
  const many = result.rows.length > 1;
  const searched = result.rows.some((row) => row.searches > 0);
  if (result.rows.every((row) => row.minima.length < 2)) {
    return null;
  }
  const points = (valuesOf) => result.rows.flatMap((row, r) => valuesOf(row).map((y, i) => ({x: many ? r + 1 : i + 1, y})));
  const above = points((row) => aboveLowest(row).slice(many ? 1 : 0));
  const basins = (row) => row.minima.slice(0, many ? 1 : undefined).map((m) => m.searches / Math.max(1, row.searches));
  const count = many ? result.rows.length : result.rows[0].minima.length;
  return figure({
    name: 'modes',
    title: 'Energies of the minima, and their basins',
    see: 'Minima little above the lowest are answers nearly as good as it' +
        (searched ? '; one that few searches ended in is easily missed.' : '; the states were enumerated, so that none is missed.'),
    size: 'small', legend: false,
    panels: () => [
      modesPanel('above the lowest', many ? 'Other minima: energy above the lowest' : 'Energy above the lowest', 0, many, count, above),
      ...(searched ? [modesPanel('share of the searches', many ? 'Searches that ended in the lowest' : 'Searches that ended there', 1, many, count, points(basins))] : []),
    ],
    table: {
      label: 'minima of each row',
      columns: ['row', 'minima', 'lowest', 'next above it', 'searches in the lowest'],
      rows: result.rows.map((row, r) => [String(r + 1), String(row.num_minima), number(row.minima[0]?.energy, 5), number(aboveLowest(row)[1]),
                                         row.searches > 0 ? percent(basins(row)[0], 2) : missing]),
    },
  });
}

function placeText(value) {
  return Number.isInteger(value) ? minus(String(value)) : isNumber(value) ? number(value, 5) : String(value ?? missing);
}

function minimaTable(result) {
  const shown = 100;
  const lines = result.rows.flatMap((row, r) => row.minima.map((m, i) => [
    String(r + 1), String(i + 1), number(m.energy, 6), m.searches > 0 ? count(m.searches) : missing, number(m.curvature), ...m.place.map(placeText),
  ]));
  return [
    element('h4', {}, 'Minima'),
    lines.length > shown ? element('p', {}, `The first ${shown} of ${lines.length} lines; infer.csv has all.`) : null,
    table('minima', ['row', 'minimum', result.infer.target === 'yz' ? 'E' : 'F', 'searches', 'least curvature', ...result.columns], lines.slice(0, shown)),
  ];
}

function inferVerdict(result) {
  const total = (key) => result.rows.reduce((sum, row) => sum + row[key], 0);
  const exact = result.rows.every((row) => row.exact);
  const several = result.rows.filter((row) => row.num_minima > 1).length;
  return (exact ? 'The lowest minimum of each row is proven to be the lowest.'
                : `The minima were found by ${count(total('searches'))} searches; none is proven to be the lowest.`) +
      (result.rows.length > 1 ? ` ${several} of ${result.rows.length} rows have several.` : '');
}

function inferSection(part) {
  const {result} = part;
  const minima = result.rows.map((row) => row.num_minima);
  return [
    figures([
      ['minima', count(minima.reduce((sum, n) => sum + n, 0)), result.rows.length > 1 ? `of ${count(result.rows.length)} rows, at most ${Math.max(...minima)} a row` : 'in all'],
      ['lowest', number(result.rows[0].minima[0]?.energy, 6), result.rows.length > 1 ? 'of the first row' : (result.infer.target === 'yz' ? 'E' : 'F')],
      ['method', result.rows[0].method, result.sampler ? `after annealed chains by ${result.sampler}` : `${seconds(result.timing?.seconds)}`],
    ]),
    element('p', {class: 'verdict'}, inferVerdict(result)),
    warningsList(result.warnings),
    minimaProfileFigure(part),
    modesFigure(result),
    minimaTable(result),
  ];
}

function inferOptions(result) {
  return closed('Options of the search', facts(Object.entries(result.infer).map(([key, value]) => [key, String(value)])));
}
