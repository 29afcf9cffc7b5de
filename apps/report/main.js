// Puts the page together from its data.

const sections = {
  gradient: gradientSection, train: trainSection, sample: sampleSection, exact: exactSection, bench: benchSection,
  infer: inferSection, diagnose: diagnoseSection, figures: figuresSection,
};
const options = {gradient: gradientOptions, train: trainOptions, sample: sampleOptions, infer: inferOptions};

function partialNotice(part) {
  return part.partial
      ? element('p', {class: 'partial', role: 'note'}, element('strong', {}, 'Partial result. '), part.partial)
      : null;
}

// What goes wrong in one section leaves the others.
function bodyOf(part) {
  try {
    return [
      sections[part.verb](part), chainFigures(part.pictures?.chains), profileFigure(part.pictures?.profiles), imageFigure(part.pictures?.images),
    ].flat(Infinity);
  } catch (error) {
    problems.push(String(error.stack || error));
    return [element('p', {class: 'partial', role: 'alert'}, `This section could not be drawn: ${error.message}`)];
  }
}

function sectionOf(part, index) {
  const about = problemText(part.result?.problem);
  const made = element('section', {id: `part-${index + 1}`, class: 'part', 'aria-labelledby': `title-${index + 1}`},
                 element('h2', {id: `title-${index + 1}`}, titleOf(part)), partialNotice(part), paragraphs(part.text, 'lead'),
                 about ? element('p', {class: 'about'}, about) : null, bodyOf(part),
                 part.notes.length > 0 ? element('ul', {class: 'notes'}, part.notes.map((note) => element('li', {}, note))) : null,
                 part.result && options[part.verb]?.(part.result), configurationOf(part));
  made.querySelectorAll('figure').forEach((each) => { each.id = `${made.id}-${each.dataset.name}`; });
  return made;
}

// An address that ends in #only=part-1-error,part-1-components-cd-1 shows these figures, or these
// charts of a figure, and nothing else: for a picture of them.
function showOnly(ids) {
  const kept = [...document.querySelectorAll('figure')].filter((each) => {
    const charts = ids.filter((id) => id.startsWith(`${each.id}-`)).map((id) => id.slice(each.id.length + 1));
    const state = drawn.find((other) => other.figure === each);
    if (state && charts.length > 0 && !ids.includes(each.id)) {
      state.only = new Set(charts);
    }
    return ids.includes(each.id) || charts.length > 0;
  });
  document.getElementById('content').replaceChildren(...kept);
  document.documentElement.classList.add('only');
  drawn.splice(0, drawn.length, ...drawn.filter((state) => kept.includes(state.figure)));
}

function contents(parts) {
  if (parts.length < 2) {
    return null;
  }
  return element('nav', {'aria-label': 'Contents'},
                 element('ol', {}, parts.map((part, i) => element('li', {}, element('a', {href: `#part-${i + 1}`}, titleOf(part)),
                                                                  part.partial ? ' (partial)' : null))));
}

function isShown(id) {
  return document.getElementById(id) !== null;
}

const problems = [];

function build() {
  const data = JSON.parse(document.getElementById('report-data').textContent);
  const title = data.title || (data.parts.length === 1 ? titleOf(data.parts[0]) : 'Results of negphase');
  document.title = title;
  document.getElementById('content').append(
      element('header', {}, element('p', {class: 'brand'}, `negphase ${data.negphase}`),
              data.parts.length > 1 || data.title ? element('h1', {}, title) : null,
              chartsAvailable ? null : element('p', {class: 'partial'}, 'This page was made by a build without Chart.js: it shows the tables, no charts.'),
              contents(data.parts)),
      ...data.parts.map(sectionOf));
  const only = location.hash.match(/^#only=(.*)/);
  if (only) {
    showOnly(only[1].split(','));
  }
  redrawAll();
  if (only) {
    only[1].split(',').filter((id) => !isShown(id)).forEach((id) => problems.push(`no figure ${id} here`));
  }
  watchAppearance();
}

window.addEventListener('error', (event) => problems.push(event.message));
try {
  build();
} catch (error) {
  problems.push(String(error.stack || error));
  document.getElementById('content').append(element('p', {class: 'partial', role: 'alert'}, `This page could not be drawn: ${error.message}`));
}
// For tests and for whoever waits: drawn, or what went wrong.
document.documentElement.setAttribute('data-drawn', String(drawn.reduce((sum, state) => sum + state.charts.length, 0)));
document.documentElement.setAttribute('data-fewest-ticks', String(Math.min(...drawn.flatMap((state) => state.charts).flatMap(
    (chart) => Object.values(chart.scales).map((scale) => scale.ticks.length)))));
document.documentElement.setAttribute('data-problems', problems.join('\n'));
