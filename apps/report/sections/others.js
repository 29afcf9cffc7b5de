// Draws of a sampler, and exact answers.

function sampleSection(part) {
  const {result} = part;
  if (!result.mean) {  // stopped before its end
    return [facts([['chains', count(result.chains)], ['draws of each', count(result.draws)], ['columns', columnsText(result.columns.map((name) => ({name})))]])];
  }
  const sizes = result.effective_size.filter(isNumber), rhats = result.rhat.filter(isNumber);
  return [
    figures([
      ['draws', count(result.chains * result.draws), `${result.chains} chains of ${result.draws}`],
      ['smallest effective size', count(sizes.length > 0 ? Math.min(...sizes) : null), 'over the columns'],
      ['largest R-hat', number(rhats.length > 0 ? Math.max(...rhats) : null, 4), 'over the columns'],
      isNumber(result.acceptance) ? ['acceptance', number(result.acceptance), 'mean over all proposals'] : null,
    ]),
    verdictOfDraws(result),
    warningsList(result.warnings),
    element('h4', {}, 'Columns'),
    table('columns of the draws', ['column', 'mean', 'standard deviation', 'effective size', 'bulk ESS', 'tail ESS', 'R-hat'],
          result.columns.map((name, j) => [
            name, withError(result.mean[j], result.standard_error[j]), number(result.standard_deviation[j]), count(result.effective_size[j]),
            count(result.ess_bulk[j]), count(result.ess_tail[j]), number(result.rhat[j], 4),
          ])),
    sharesTable(result.shares),
  ];
}

// How often each category is in each of its states; null without categories.
function sharesTable(shares) {
  const lines = Object.entries(shares ?? {}).flatMap(([column, {states, share, standard_error: error}]) =>
      states.map((state, k) => [column, state, withError(share[k], error?.[k])]));
  return lines.length === 0 ? null : [element('h4', {}, 'Shares of the states of categories'),
                                      table('shares of states', ['column', 'state', 'share'], lines.slice(0, 1000))];
}

function sampleOptions(result) {
  return closed('Sampler and options', facts([['sampler', result.sampler ? optionsText(result.sampler) : null],
                                               ...Object.entries(result.sample).map(([key, value]) => [key, String(value)])]));
}

function exactSection(part) {
  const {result} = part;
  const {components} = result;
  const error = Math.max(...result.log_z_error.filter(isNumber), 0);
  return [
    figures([
      ['log Z', number(result.log_z_mean, 6), (result.log_z.length > 1 ? 'mean over the rows of x; ' : '') + `numerical error below ${number(error, 1)}`],
      ['mean NLL, nats', number(result.nll, 6), isNumber(result.nll) ? `over ${result.problem.data.rows} rows` : 'z cannot be summed out'],
      ['method', result.method, `${count(result.energy_evaluations)} energies, ${seconds(result.timing?.seconds)}`],
    ]),
    element('h4', {}, 'Gradient of the mean NLL'),
    table('gradient', ['parameter', 'E over data', 'E over the model', 'gradient'],
          components.names.map((name, k) => [name, number(components.positive?.[k], 6), number(components.negative?.[k], 6), number(components.mean?.[k], 6)])),
    result.y_mean ? [element('h4', {}, 'Moments of y'), table('moments of y', ['column', 'mean', 'standard deviation'],
                                                             result.y_mean.map((mean, j) => [result.problem.data.y[j]?.name ?? `y.${j + 1}`, number(mean, 6), number(result.y_standard_deviation[j], 6)]))] : null,
    sharesTable(result.shares),
  ];
}
