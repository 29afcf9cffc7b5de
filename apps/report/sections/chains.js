// Pictures of chains: how they moved, whether they agree, how much they are worth.

const manyChains = 8;  // as many colours as there are

function chainLabel(chains, k) {
  return `chain ${chains.chains[k]}`;
}

// Of the k-th chain that is drawn: thin, so that many can be told from a band of them.
function chainLine(chains, k) {
  const many = chains.chains.length > manyChains;
  return {...line(k, Math.floor(k / manyChains)), borderWidth: many ? 0.9 : 1.25, pointHitRadius: 3, label: chainLabel(chains, k)};
}

function drawnChains(chains) {
  const drawn = chains.chains.length;
  return drawn < chains.num_chains ? ` Drawn: ${drawn} of ${chains.num_chains} chains, those farthest from the others.` : '';
}

function quantityTitle(quantity) {
  const faults = quantity.flags.filter((flag) => flag !== 'edge-quantile' && flag !== 'capped');
  const flags = faults.length > 0 ? `; ${faults.join(', ')}` : '';
  return `${quantity.name}: R-hat\u00a0${number(quantity.rhat)}, bulk ESS\u00a0${count(quantity.ess_bulk)}${flags}`;
}

// A figure with a chart for each quantity that has what it shows.
function quantitiesFigure(chains, spec, has, panelOf, tableOf) {
  const shown = chains.quantities.filter(has);
  if (shown.length === 0) {
    return null;
  }
  return figure({
    ...spec, size: 'small',
    panels: () => shown.map((quantity) => ({name: quantity.name, title: quantityTitle(quantity), height: 'low', ...panelOf(quantity)})),
    table: {...spec.table, rows: shown.flatMap((quantity) => tableOf(quantity))},
  });
}

// Of a quantity of few values chains would hide each other: each has a lane of its own.
function inLanes(trace) {
  return trace.chains.length > 1 && new Set(trace.chains.flat().filter(isNumber)).size <= 6;
}

function tracePanel(chains, trace) {
  const values = trace.chains.flat().filter(isNumber), lanes = inLanes(trace);
  const least = Math.min(...values), size = Math.max(...values) - least || 1;
  const height = (y, k) => lanes && isNumber(y) ? trace.chains.length - k + 0.7 * (y - least) / size - 0.35 : y;
  return {
    x: {title: 'draw', min: 0, max: chains.num_draws, most: 5},
    y: lanes ? {title: 'a lane for each chain', min: 0, max: trace.chains.length + 1, hideTicks: true} : rangeOf(values, false),
    sets: trace.chains.map((each, k) => ({
      ...chainLine(chains, k), borderDash: [], ...(lanes ? {stepped: true} : {}),
      data: each.map((y, i) => ({x: Math.min(chains.num_draws, i * trace.every + 1), y: height(y, k)})),
    })),
  };
}

function traceFigure(chains) {
  const {every} = chains.quantities[0].trace;
  const thinned = every > 1 ? ` Two points stand for ${2 * every} draws: their smallest and their largest, so that no excursion is lost.` : '';
  const lanes = chains.quantities.some(({trace}) => inLanes(trace)) ? ' Where there are few values each chain has its lane, the first at the top.' : '';
  return quantitiesFigure(
      chains, {
        name: 'traces', title: 'Traces',
        see: 'Chains that have forgotten their start wander through the same values, again and again; one that stays apart, stands still or ' +
            `climbs to the end has not.${lanes}${thinned}${drawnChains(chains)}`,
        table: {label: 'traces', columns: ['quantity', 'chain', 'first point', 'last point', 'least', 'largest']},
      },
      (quantity) => quantity.trace.chains.flat().some(isNumber), ({trace}) => tracePanel(chains, trace),
      ({name, trace}) => trace.chains.map((values, k) => {
        const known = values.filter(isNumber);
        return [name, String(chains.chains[k]), number(values[0], 4), number(values.at(-1), 4), ...[Math.min, Math.max].map((f) => number(f(...known), 4))];
      }));
}

function rankRatios(ranks, k) {
  return ranks.counts[k].map((each, b) => each / ranks.expected[b]);
}

function barsOutside(ranks, k) {
  return ranks.counts[k].filter((each, b) => each < ranks.low[b] || each > ranks.high[b]).length;
}

// Two points a bin, so that lines and the band are steps.
function steps(ranks, heights) {
  return heights.flatMap((y, b) => [{x: ranks.edges[b], y}, {x: ranks.edges[b + 1], y}]);
}

function rankPanel(chains, ranks) {
  const ratio = (counts) => counts.map((each, b) => each / ranks.expected[b]);
  const low = steps(ranks, ratio(ranks.low)), high = steps(ranks, ratio(ranks.high));
  const ratios = ranks.counts.map((_, k) => rankRatios(ranks, k));
  const most = Math.max(...ratios.flat(), 1.5), roof = Math.max(...high.map(({y}) => y));
  return {
    x: {title: 'rank among all draws / their number', min: 0, max: 1, most: 6},
    y: {title: 'draws / expected', min: 0, max: 1.06 * (roof < 2 * most ? Math.max(most, roof) : most), most: 5},
    sets: [
      ...ratios.map((heights, k) => ({...chainLine(chains, k), data: steps(ranks, heights)})),
      {
        ...quietLine(0), borderWidth: 0, area: true, backgroundColor: faint(theme().soft, 0.16), label: 'band: 95 % that all lie inside', band: true,
        data: low.map(({x}) => ({x, y: 1})), intervals: low.map(({y}, i) => [y, high[i].y]), silent: true,
      },
    ],
  };
}

function rankFigure(chains) {
  const slow = chains.quantities.some(({ranks}) => ranks?.time > 1);
  return quantitiesFigure(
      chains, {
        name: 'ranks', title: 'Ranks by chain',
        see: 'Of chains of one law each has as many draws in every part of the ranks of all as the others, 1 on this axis. ' +
            'A slope is another place, a hump or a hollow another spread. In the band lie, with a probability of 95 %, all lines of chains ' +
            `that agree${slow ? '; it makes room for their autocorrelation' : ''}.${drawnChains(chains)}`,
        table: {label: 'ranks by chain', columns: ['quantity', 'chain', 'parts', 'outside the band', 'least', 'largest', 'draws / independent draws']},
      },
      (quantity) => quantity.ranks !== null, ({ranks}) => rankPanel(chains, ranks),
      ({name, ranks}) => ranks.counts.map((_, k) => [
        name, String(chains.chains[k]), String(ranks.expected.length), String(barsOutside(ranks, k)), number(Math.min(...rankRatios(ranks, k))),
        number(Math.max(...rankRatios(ranks, k))), number(ranks.time),
      ]));
}

function autocorrelationPanel(chains, {every, mean, cut, chains: each}) {
  const points = (values) => values.map((y, i) => ({x: i * every, y})).filter(({y}) => isNumber(y));
  const last = Math.max(1, (mean.length - 1) * every), noise = 2 / Math.sqrt(chains.num_draws);
  const level = (y) => ({...quietLine(2), borderWidth: 1, label: 'two standard errors of independent draws', silent: true, data: [{x: 0, y}, {x: last, y}]});
  return {
    x: {title: 'lag', min: 0, max: last, most: 6}, y: {title: 'autocorrelation', min: Math.min(-0.1, ...each.flat().filter(isNumber)), max: 1, most: 6},
    sets: [
      {...line(0), borderColor: theme().text, backgroundColor: theme().text, borderWidth: 2.5, label: 'mean of all chains', data: points(mean)},
      ...each.map((values, k) => ({...chainLine(chains, k), data: points(values)})),
      ...(isNumber(cut) ? [{...quietLine(1), label: 'end of the sum (Geyer)', silent: true, data: [{x: cut, y: -1}, {x: cut, y: 1}]}] : []),
      level(noise), level(-noise),
    ],
  };
}

function autocorrelationFigure(chains) {
  return quantitiesFigure(
      chains, {
        name: 'autocorrelation', title: 'Autocorrelation',
        see: 'How long a chain remembers: the sum of these, up to the line where they drown in noise, is how many draws are worth one. ' +
            'Where they have not come down at the right end, the run is too short to say.',
        table: {label: 'autocorrelation', columns: ['quantity', 'chain', 'lag 1', 'at the end of the chart', 'end of the sum', 'draws / independent draws']},
      },
      (quantity) => quantity.autocorrelation !== null, ({autocorrelation}) => autocorrelationPanel(chains, autocorrelation),
      ({name, autocorrelation: {mean, cut, times, typical_time: typical, every, chains: each}}) => {
        const first = (values) => every === 1 ? number(values[1]) : missing;
        return [[name, 'mean of all', first(mean), number(mean.at(-1)), isNumber(cut) ? String(cut) : 'beyond the chart', `${number(typical)} (median)`],
                ...each.map((values, k) => [name, String(chains.chains[k]), first(values), number(values.at(-1)), missing, number(times[k])])];
      });
}

function growthNote(chains) {
  const {of_chains: used} = chains.quantities[0].growth;
  return used < chains.num_chains ? ` Of the first ${used} of ${chains.num_chains} chains.` : '';
}

function meanPanel(chains, {draws, mean, mcse, chain_means: each}) {
  const points = (values) => draws.map((x, i) => ({x, y: values[i]}));
  const ends = mean.map((m, i) => isNumber(m) && isNumber(mcse[i]) ? [m - 2 * mcse[i], m + 2 * mcse[i]] : null);
  return {
    x: {title: 'draws of each chain', min: 0, max: draws.at(-1), most: 5}, y: rangeOf([...each.flat(), ...ends.filter(Boolean).flat()], false),
    sets: [
      {...line(0), borderColor: theme().text, backgroundColor: theme().text, borderWidth: 2.5, label: 'mean of all chains ± 2 MCSE', band: true, data: points(mean), intervals: ends},
      ...each.map((values, k) => ({...chainLine(chains, k), data: points(values)})),
    ],
  };
}

function runningMeanFigure(chains) {
  return quantitiesFigure(
      chains, {
        name: 'running-mean', title: 'Running mean',
        see: `The mean settles inside its band, and the means of single chains come together.${growthNote(chains)}`,
        table: {label: 'running mean', columns: ['quantity', 'draws of each chain', 'mean', 'MCSE']},
      },
      ({growth}) => growth.mean.some(isNumber), ({growth}) => meanPanel(chains, growth),
      ({name, growth: {draws, mean, mcse}}) => draws.map((n, i) => [name, String(n), withError(mean[i], mcse[i]), number(mcse[i])]));
}

function growthPanel({draws, ess_bulk: bulk, ess_tail: tail}) {
  const curve = (values, i, label) => ({...series(i), label, data: draws.map((x, k) => ({x, y: values[k]})).filter(({y}) => isNumber(y))});
  const largest = Math.max(...[...bulk, ...tail].filter(isNumber));
  const enough = largest < 2000 ? [{...quietLine(1), label: '400', silent: true, data: [{x: 0, y: 400}, {x: draws.at(-1), y: 400}]}] : [];
  return {
    x: {title: 'draws of each chain', min: 0, max: draws.at(-1), most: 5},
    y: {title: 'effective draws', min: 0, max: 1.06 * Math.max(largest, enough.length > 0 ? 400 : 0), most: 6},
    sets: [curve(bulk, 0, 'bulk'), curve(tail, 1, 'tail'), ...enough].filter(({data}) => data.length > 0),
  };
}

function growthFigure(chains) {
  return quantitiesFigure(
      chains, {
        name: 'growth', title: 'Effective draws by draws',
        see: 'Straight lines through the origin: each further draw is worth as much as those before. A line that bends down or falls has met a ' +
            `part of the law that was not seen before.${growthNote(chains)}`,
        table: {label: 'effective draws', columns: ['quantity', 'draws of each chain', 'bulk ESS', 'tail ESS']},
      },
      ({growth}) => [...growth.ess_bulk, ...growth.ess_tail].some(isNumber), ({growth}) => growthPanel(growth),
      ({name, growth: {draws, ess_bulk: bulk, ess_tail: tail}}) => draws.map((n, i) => [name, String(n), number(bulk[i], 4), number(tail[i], 4)]));
}

function energyFigure({energy}) {
  if (!energy) {
    return null;
  }
  const {name, mean, edges, marginal, changes} = energy;
  return figure({
    name: 'energy', title: changes ? 'Energies and their changes' : `Histogram of ${name}`,
    see: changes ? 'Where the changes from draw to draw are much narrower than the energies, the sampler walks through the energies too slowly, and tails are missed.'
                 : 'One hump, as a rule; draws far to the left of it are from before the chains had come to their law.',
    panels: () => [{
      x: {title: changes ? `${name} − ${number(mean, 4)}; change of ${name}` : `${name} − ${number(mean, 4)}`, min: edges[0], max: edges.at(-1)},
      y: {title: 'density', min: 0, most: 5}, height: 'low',
      sets: [
        {...filled(0, changes ? 'energies' : name), data: outline(edges, marginal)},
        ...(changes ? [{...filled(1, 'changes'), borderDash: dashes[1], data: outline(edges, changes)}] : []),
      ],
    }],
    table: {
      label: 'histogram', columns: ['from', 'to', 'density', ...(changes ? ['density of changes'] : [])],
      rows: marginal.map((height, i) => [number(edges[i]), number(edges[i + 1]), number(height), ...(changes ? [number(changes[i])] : [])]),
    },
  });
}

// Equal points would hide each other: those of a quantity of few values are moved apart, by a
// sequence that fills the plane evenly.
function spreadOf(values) {
  const different = new Set(values).size;
  return different > 12 ? 0 : 0.25 * (Math.max(...values) - Math.min(...values)) / Math.max(1, different - 1);
}

function pairSets(pair, chains) {
  const across = spreadOf(pair.x), up = spreadOf(pair.y);
  const at = (i) => ({
    x: pair.x[i] + across * (2 * ((0.7548776662 * (i + 1)) % 1) - 1), y: pair.y[i] + up * (2 * ((0.5698402910 * (i + 1)) % 1) - 1),
    name: `chain ${pair.chain[i]}`,
  });
  const all = pair.x.map((_, i) => i).filter((i) => isNumber(pair.x[i]) && isNumber(pair.y[i]));
  const ordinary = all.filter((i) => !pair.diverged[i]);
  const dots = (i, label, which) => ({
    ...series(i), showLine: false, pointRadius: 2, borderWidth: 1, backgroundColor: faint(series(i).borderColor, 0.5), label, data: which.map(at),
  });
  const sets = chains.num_chains <= manyChains
      ? chains.chains.map((number, k) => dots(k, `chain ${number}`, ordinary.filter((i) => pair.chain[i] === number)))
      : [dots(0, 'draws', ordinary)];
  const diverged = all.filter((i) => pair.diverged[i]);
  return diverged.length === 0 ? sets : [
    {...series(0), borderColor: theme().accent, backgroundColor: theme().accent, pointStyle: 'crossRot', pointRadius: 5, borderWidth: 2, showLine: false, label: 'divergent', data: diverged.map(at)},
    ...sets,
  ];
}

function pairFigure(chains) {
  const {pair} = chains;
  if (!pair || !pair.x.some((x, i) => isNumber(x) && isNumber(pair.y[i]))) {
    return null;
  }
  const apart = spreadOf(pair.x) > 0 || spreadOf(pair.y) > 0 ? ' Equal draws are moved apart a little.' : '';
  return figure({
    name: 'pair', title: 'The two worst quantities', size: 'small',
    see: `Islands are modes, a narrow ridge or a funnel is hard to walk along; where divergent draws gather, the sampler could not follow the energy. ` +
        `${count(pair.x.length)} of ${count(chains.num_chains * chains.num_draws)} draws` +
        (pair.num_diverged > 0 ? `; ${count(pair.num_diverged)} diverged, ${pair.diverged.filter(Boolean).length} of them shown.` : '.') + apart,
    panels: () => {
      const sets = pairSets(pair, chains), points = sets.flatMap(({data}) => data);
      return [{
        height: 'square', x: {title: pair.x_name, ...rangeOf(points.map(({x}) => x), false)}, y: {title: pair.y_name, ...rangeOf(points.map(({y}) => y), false)}, sets,
      }];
    },
    table: {
      label: 'pairs', columns: ['chain', pair.x_name, pair.y_name, 'divergent'],
      rows: pair.x.map((x, i) => [String(pair.chain[i]), number(x, 4), number(pair.y[i], 4), pair.diverged[i] ? 'yes' : 'no']),
    },
  });
}

function chainFigures(chains) {
  if (!chains || chains.quantities.length === 0) {
    return null;
  }
  const shown = chains.quantities.filter(({name}) => name !== 'lp__').length;
  return [
    element('h3', {}, 'Chains'),
    element('p', {}, `${plural(chains.num_chains, 'chain')} of ${plural(chains.num_draws, 'draw')}` +
                (isNumber(chains.on_row) ? ` on row ${chains.on_row} of ${chains.rows}: every row of x has a law of its own, and this is the one whose chains look worst. ` : '. ') +
                (shown < chains.num_quantities ? `Of ${chains.num_quantities} quantities these are the ${shown} that look worst, by R-hat above 1.01, then by effective size.`
                                               : 'The quantities that look worst, by R-hat above 1.01, then by effective size, come first.')),
    traceFigure(chains), rankFigure(chains), autocorrelationFigure(chains), runningMeanFigure(chains), growthFigure(chains),
    element('div', {class: 'beside'}, [energyFigure(chains), pairFigure(chains)].filter(Boolean)),
  ];
}
