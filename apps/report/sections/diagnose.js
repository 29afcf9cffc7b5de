// What draws say of themselves: a verdict, figures of each quantity, distances.

function verdictOfDraws(result) {
  return result.verdict?.summary ? element('p', {class: 'verdict'}, result.verdict.summary) : null;
}

function figuresOfQuantities(quantities) {
  const flagged = quantities.some(({flags}) => flags.length > 0);
  return [
    element('h4', {}, 'Quantities'),
    table('figures of each quantity', [
      'quantity', 'mean ± MCSE', 'standard deviation', '5 %', '50 %', '95 %', 'ESS: bulk, tail', 'R-hat', ...(flagged ? ['flags'] : []),
    ], quantities.map((each) => [
      each.name, withError(each.mean, each.mcse_mean), number(each.sd), number(each.quantile_05, 4), number(each.quantile_50, 4), number(each.quantile_95, 4),
      `${count(each.ess_bulk)}, ${count(each.ess_tail)}`, number(each.rhat, 4), ...(flagged ? [each.flags.join(', ')] : []),
    ])),
  ];
}

function distancesTable(distances, title) {
  if (!distances) {
    return null;
  }
  const part = (used, every) => count(used) + (every > 1 ? ` (1 in ${every})` : '');
  return [
    element('h4', {}, title),
    table(title, ['distance', 'of', 'value', 'of exact draws', 'p', 'draws', 'of the others'], distances.distances.map((each) => [
      each.name, each.quantity ?? 'all', number(each.value, 4), number(each.floor, 4), number(each.p_value), part(each.draws, each.every),
      each.against > 0 ? part(each.against, each.against_every) : missing,
    ])),
    distances.notes.length > 0 ? element('ul', {class: 'notes'}, distances.notes.map((note) => element('li', {}, note))) : null,
  ];
}

// The worst of a figure over the quantities that have it.
function worstOf(quantities, key, worst) {
  const known = quantities.map((each) => each[key]).filter(isNumber);
  return known.length > 0 ? worst(...known) : null;
}

function diagnoseSection(part) {
  const {result} = part;
  const {sampler} = result.behaviour;
  return [
    figures([
      ['draws', count(result.chains * result.draws), `${plural(result.chains, 'chain')} of ${result.draws}${result.incomplete ? ', incomplete' : ''}`],
      ['largest R-hat', number(worstOf(result.quantities, 'rhat', Math.max), 4), `over ${result.quantities.length} quantities`],
      ['smallest effective size', count(worstOf(result.quantities, 'ess_bulk', Math.min)), 'bulk'],
      isNumber(sampler.acceptance) ? ['acceptance', number(sampler.acceptance), 'mean'] : null,
      sampler.ebfmi.length > 0 ? ['E-BFMI', number(Math.min(...sampler.ebfmi)), 'least of a chain'] : null,
      sampler.divergent > 0 ? ['divergences', count(sampler.divergent)] : null,
    ]),
    verdictOfDraws(result),
    warningsList(result.warnings),
    result.notes.length > 0 ? element('ul', {class: 'notes'}, result.notes.map((note) => element('li', {}, note))) : null,
    figuresOfQuantities(result.quantities),
    distancesTable(result.to_model, 'Distances to the law of the model'),
    distancesTable(result.to_draws, 'Distances to the other draws'),
  ];
}
