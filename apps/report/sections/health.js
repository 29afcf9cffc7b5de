// What a training's loss and its health say, beside the NLL: curves by update, and the few looks at its health.

function lossFigure(part) {
  const name = part.result?.train?.loss ?? 'loss';
  return lineFigure(part.metrics, {
    name: 'loss',
    title: 'Loss by update',
    see: 'What this training descends, over the batch of each update; where other answers are drawn anew each time it keeps some noise.',
    unit: `mean ${name.replaceAll('_', ' ')}`,
    curves: [{key: 'loss', label: `${name} of the batch`, colour: 0}],
  });
}

function energiesFigure(metrics) {
  return lineFigure(metrics, {
    name: 'energies',
    title: 'Energies of data and of other answers',
    see: 'A loss with other answers opens a gap between the two; where none opens, the energy is flat.',
    unit: 'mean F',
    curves: [{key: 'data_energy', label: 'data', colour: 0}, {key: 'negative_energy', label: 'other answers', colour: 1, dash: 1}],
  });
}

function agesFigure(metrics) {
  return lineFigure(metrics, {
    name: 'chain-ages',
    title: 'Ages of the chains',
    see: 'Updates since a chain of the buffer started anew; old chains have forgotten their start, young ones have not.',
    unit: 'updates',
    curves: [
      {key: 'chain_age_max', label: 'oldest', colour: 3, dash: 2}, {key: 'chain_age_mean', label: 'mean', colour: 0},
      {key: 'chain_age_min', label: 'youngest', colour: 2, dash: 1},
    ],
  });
}

// ---- the looks at its health

function looksOf(health, key, spread) {
  return health.update.map((x, i) => ({x, y: health[key][i], spread: spread ? health[spread][i] : undefined})).filter((p) => isNumber(p.y));
}

function looksSet(points, label, i, dash = 0) {
  const spread = points.every((p) => isNumber(p.spread));
  return {
    ...series(i), borderDash: dashes[dash], label, data: points,
    ...(spread ? {intervals: points.map((p) => [p.y - p.spread, p.y + p.spread])} : {}),
  };
}

const healthPanels = [
  {
    name: 'energies', title: 'F of data and negatives, ± deviation', unit: 'F',
    curves: [['data_energy', 'data', 0, 0, 'data_spread'], ['negative_energy', 'negative examples', 1, 1, 'negative_spread']],
  },
  {
    name: 'contrast', title: 'Contrast: β F among three answers', unit: 'β F', least: 0,
    curves: [['contrast', 'contrast', 2, 0], ['preference', 'gap to the y of another row', 3, 1]],
  },
  {name: 'curvature', title: 'Curvature at the data', unit: 'd²F/dy²', curves: [['curvature', 'curvature', 4, 0]]},
  {
    name: 'distance', title: 'Persistent chains and the exact law', unit: 'total variation', least: 0,
    curves: [['distance', 'distance', 5, 0], ['distance_floor', 'of as many independent draws', 6, 1]],
  },
  {name: 'age', title: 'Age of the persistent chains', unit: 'steps', least: 0, curves: [['chain_age', 'age', 7, 0]]},
];

function healthPanel(health, {name, title, unit, least, curves}) {
  const shown = curves.filter(([key]) => health[key]).map(([key, label, i, dash, spread]) => ({label, i, dash, points: looksOf(health, key, spread)}))
      .filter(({points}) => points.length > 1);
  if (shown.length === 0) {
    return null;
  }
  const ends = shown.flatMap(({points}) => points.flatMap((p) => isNumber(p.spread) ? [p.y - p.spread, p.y + p.spread] : [p.y]));
  const last = health.update.at(-1);
  return {
    name, title, height: 'low',
    x: {title: 'update', min: -0.02 * last, max: 1.02 * last, most: 6},
    y: {title: unit, most: 5, ...rangeOf(least === undefined ? ends : [least, ...ends])},
    sets: shown.map(({label, i, dash, points}) => looksSet(points, label, i, dash)),
  };
}

function healthFigure(result) {
  const health = result?.health;
  if (!health || health.update.length < 2) {
    return null;
  }
  const panels = () => healthPanels.map((panel) => healthPanel(health, panel)).filter(Boolean);
  const made = panels();
  if (made.length === 0) {
    return null;
  }
  const columns = ['data_energy', 'data_spread', 'negative_energy', 'negative_spread', 'contrast', 'preference', 'curvature', 'distance',
                   'distance_floor', 'chain_age'].filter((key) => health[key]?.some(isNumber));
  const noise = isNumber(health.signal_to_noise)
      ? ` The mean gradient of the last tenth of the updates is ${number(health.signal_to_noise, 2)} times its standard error.` : '';
  return figure({
    name: 'health', title: 'Health of the training',
    see: 'A contrast near 0 is a flat energy, a curvature that keeps growing makes needles, and a distance above that of independent draws is ' +
        `chains that lag behind.${noise}`,
    size: 'small', panels,
    table: {
      label: 'health by update', columns: ['update', ...columns.map((key) => key.replaceAll('_', ' '))],
      rows: health.update.map((update, i) => [String(update), ...columns.map((key) => number(health[key][i]))]),
    },
  });
}
