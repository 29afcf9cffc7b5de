// Charts by Chart.js, each with a title, a sentence that says what to see, a legend of buttons and
// the table behind it.

const chartsAvailable = typeof window.Chart === 'function';
const drawn = [];  // every figure, for another colour scheme and for print

// Draws `intervals` of a data set, [low, high] in y for each point: bars with caps, or a band.
const intervals = {
  id: 'intervals',
  beforeDatasetDraw(chart, {index}) {
    const dataset = chart.data.datasets[index];
    if (!dataset.intervals) {
      return;
    }
    const {ctx, chartArea: area, scales: {x, y}} = chart;
    const height = (value) => y.type === 'logarithmic' && !(value > 0)
        ? area.bottom + 10
        : y.getPixelForValue(value);
    const ends = dataset.data.map((point, i) => dataset.intervals[i] && {
      at: x.getPixelForValue(point.x), low: height(dataset.intervals[i][0]), high: height(dataset.intervals[i][1]),
    }).filter((end) => end && Number.isFinite(end.low) && Number.isFinite(end.high));
    ctx.save();
    ctx.beginPath();
    ctx.rect(area.left, area.top, area.width, area.height);
    ctx.clip();
    (dataset.band ? drawBand : drawBars)(ctx, dataset, ends);
    ctx.restore();
  },
};

function drawBars(ctx, dataset, ends) {
  ctx.strokeStyle = dataset.intervalColor || dataset.borderColor;
  ctx.lineWidth = dataset.intervalWidth || 1.5;
  ctx.beginPath();
  const cap = dataset.cap ?? 4;
  for (const {at, low, high} of ends) {
    ctx.moveTo(at, low);
    ctx.lineTo(at, high);
    for (const end of cap > 0 ? [low, high] : []) {
      ctx.moveTo(at - cap, end);
      ctx.lineTo(at + cap, end);
    }
  }
  ctx.stroke();
}

function drawBand(ctx, dataset, ends) {
  ctx.fillStyle = faint(dataset.borderColor, 0.16);
  ctx.beginPath();
  ends.forEach(({at, high}, i) => i === 0 ? ctx.moveTo(at, high) : ctx.lineTo(at, high));
  ends.toReversed().forEach(({at, low}) => ctx.lineTo(at, low));
  ctx.closePath();
  ctx.fill();
}

// Powers of ten; where they are few 2 and 5 times as well, or any round numbers.
function logTicks(min, max) {
  const within = (steps) => {
    const values = [];
    for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); ++power) {
      values.push(...steps.map((step) => Number((step * 10 ** power).toPrecision(6))));
    }
    return values.filter((value) => value >= min * 0.999 && value <= max * 1.001);
  };
  const enough = [[1], [1, 2, 5]].map(within).find((values) => values.length >= 3);
  return enough ? enough.map((value) => ({value})) : linearTicks(min, max, 5);
}

// Round numbers, as many as `most` allows; the library's own leave a short axis with one.
function linearTicks(min, max, most) {
  const power = 10 ** Math.floor(Math.log10((max - min) / most));
  const step = [1, 2, 2.5, 5, 10, 20].map((factor) => factor * power).find((each) => Math.floor(max / each) - Math.ceil(min / each) < most);
  const first = Math.ceil(min / step), last = Math.floor(max / step);
  return Array.from({length: last - first + 1}, (_, i) => ({value: Number(((first + i) * step).toPrecision(12))}));
}

// From the smallest to the largest value with a margin; null where there is none.
function rangeOf(values, logarithmic, margin = 0.06) {
  const shown = values.filter((value) => isNumber(value) && (!logarithmic || value > 0));
  if (shown.length === 0) {
    return {};
  }
  let min = shown.reduce((a, b) => Math.min(a, b)), max = shown.reduce((a, b) => Math.max(a, b));
  if (logarithmic) {
    const factor = (max / min) ** margin * 1.1;
    return {min: min / factor, max: max * factor};
  }
  const space = margin * (max - min) || Math.abs(max) * 0.1 || 1;
  return {min: min - space, max: max + space};
}

// One axis. @param axis  {title, log, min, max, width (of the labels, to line up two charts)}
function axisOf({title, log = false, min, max, width, most = 7, hideTicks = false}) {
  const colours = theme();
  return {
    type: log ? 'logarithmic' : 'linear',
    min,
    max,
    title: {display: Boolean(title), text: title, color: colours.soft},
    grid: {color: colours.grid, borderColor: colours.soft, drawTicks: false},
    ticks: {
      color: colours.soft, padding: 6, maxRotation: 0, autoSkipPadding: 12,
      callback: hideTicks ? () => '' : tick,
    },
    afterBuildTicks: (axis) => { axis.ticks = log ? logTicks(axis.min, axis.max) : linearTicks(axis.min, axis.max, most); },
    ...(width ? {afterFit: (axis) => { axis.width = width; }} : {}),
  };
}

// What Chart.js is given. @param panel  {x, y (axes), sets, tip (text of a point)}
function configOf(panel) {
  return {
    type: 'scatter',
    data: {datasets: panel.sets},
    plugins: [intervals],
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      layout: {padding: {top: 4, right: 10}},
      interaction: {mode: 'nearest', intersect: false},
      scales: {x: axisOf(panel.x), y: axisOf(panel.y)},
      plugins: {
        legend: {display: false},
        tooltip: {
          displayColors: false,
          filter: (item) => !item.dataset.silent,
          callbacks: {label: (item) => tipOf(panel, item)},
        },
      },
    },
  };
}

function tipOf(panel, item) {
  const {dataset, dataIndex, raw} = item;
  const range = dataset.intervals?.[dataIndex];
  const value = `${number(raw.x)}: ${number(raw.y)}` +
      (range ? ` (${number(range[0])} to ${number(range[1])})` : '');
  return [raw.name, dataset.label, value].filter(Boolean);
}

// A chart or several small ones.
// @param spec  {name (of its id, below that of its section), title, see, table: {label, columns, rows},
//   controls, size ('wide', 'small'), legend (default: true),
//   panels: () => [{name, title, x, y, sets, height}]}, called for each drawing
function figure(spec) {
  const place = element('div', {class: `panels ${spec.size || 'wide'}`});
  const legend = element('div', {class: 'legend', role: 'group', 'aria-label': 'Series; press to hide or show'});
  const made = element('figure', {'data-name': spec.name}, element('figcaption', {}, element('h4', {}, spec.title), element('p', {}, spec.see)),
                       chartsAvailable ? (spec.controls || null) : null, legend, place,
                       tableBehind(spec.table.label, spec.table.columns, spec.table.rows));
  const state = {spec, figure: made, place, legend, charts: [], hidden: new Set(), only: null};
  made.redraw = () => redraw(state);
  if (chartsAvailable) {
    drawn.push(state);
  } else {
    place.remove();
    legend.remove();
  }
  return made;
}

function redraw(state) {
  state.charts.forEach((chart) => chart.destroy());
  state.charts = [];
  const panels = state.spec.panels()
      .map((panel, i) => ({...panel, name: slug(panel.name ?? i + 1)}))
      .filter(({name}) => !state.only || state.only.has(name));
  state.place.replaceChildren();
  state.place.style.setProperty('--least', leastWidth(panels.filter((panel) => !panel.below).length));
  const canvases = panels.map((panel) => {
    const canvas = element('canvas', {
      role: 'img',
      'aria-label': `${panel.title ? `${panel.title}. ` : ''}${state.spec.title}. ${state.spec.see} The numbers are in the table below.`,
    });
    const box = element('div', {class: `plot ${panel.height || ''}`}, canvas);
    columnFor(state, panel).append(...[panel.title ? element('h5', {}, panel.title) : null, box].filter(Boolean));
    panel.sets.forEach((set) => { set.hidden = state.hidden.has(set.group ?? set.label); });
    return canvas;
  });
  // when all boxes are there, and have their width
  state.charts = panels.map((panel, i) => new window.Chart(canvases[i], configOf(panel)));
  state.legend.replaceChildren(...(state.spec.legend === false ? [] : legendOf(state, panels)));
}

// Of small charts side by side, so that no row of a wide page has one only.
function leastWidth(columns) {
  return [5, 6, 9].includes(columns) ? '300px' : '226px';
}

// A panel that is `below` another stands in its column.
function columnFor({place, figure: whole}, panel) {
  if (!panel.below) {
    place.append(element('div', {class: 'panel', id: `${whole.id}-${panel.name}`}));
  }
  return place.lastElementChild;
}

// A button for each label of the panels' data sets; pressing it hides or shows those of its group.
function legendOf(state, panels) {
  const entries = new Map();
  panels.flatMap((panel) => panel.sets).forEach((set) => {
    if (set.label && !set.unlisted && !entries.has(set.label)) {
      entries.set(set.label, set);
    }
  });
  if (entries.size < 2) {
    return [];  // nothing to tell apart
  }
  return [...entries].map(([label, set]) => {
    const group = set.group ?? label;
    const button = element('button', {type: 'button', 'aria-pressed': String(!state.hidden.has(group))}, swatch(set), label);
    button.addEventListener('click', () => {
      state.hidden.has(group) ? state.hidden.delete(group) : state.hidden.add(group);
      button.setAttribute('aria-pressed', String(!state.hidden.has(group)));
      for (const chart of state.charts) {
        chart.data.datasets.forEach((other, i) => chart.setDatasetVisibility(i, !state.hidden.has(other.group ?? other.label)));
        chart.update();
      }
    });
    return button;
  });
}

// Line and marker of a data set, small.
function swatch(set) {
  const space = 'http:' + '//www.w3.org/2000/svg';  // the name of SVG; nothing is fetched
  const svg = document.createElementNS(space, 'svg');
  const part = (tag, attributes) => {
    const made = document.createElementNS(space, tag);
    Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
    svg.append(made);
  };
  Object.entries({width: 30, height: 14, viewBox: '0 0 30 14', 'aria-hidden': 'true'}).forEach(([name, value]) => svg.setAttribute(name, value));
  const colour = set.borderColor;
  if (set.area) {
    part('rect', {x: 4, y: 2, width: 22, height: 10, fill: set.backgroundColor, stroke: colour});
    return svg;
  }
  if (set.showLine) {
    part('path', {d: 'M1 7H29', stroke: colour, 'stroke-width': 2, 'stroke-dasharray': (set.borderDash || []).join(' ')});
  }
  const shapes = {
    circle: 'M15 3a4 4 0 1 0 .01 0z', rect: 'M11.5 3.5h7v7h-7z', rectRounded: 'M13 3h4l2 2v4l-2 2h-4l-2-2v-4z',
    triangle: 'M15 2.5l4.5 8h-9z', rectRot: 'M15 2l5 5-5 5-5-5z', cross: 'M15 2v10M10 7h10',
    crossRot: 'M11.5 3.5l7 7M18.5 3.5l-7 7', star: 'M15 2v10M10 7h10M11.5 3.5l7 7M18.5 3.5l-7 7',
  };
  if (set.pointRadius > 0) {
    part('path', {d: shapes[set.pointStyle] || shapes.circle, fill: colour, stroke: colour, 'stroke-width': 1.5});
  }
  return svg;
}

// The outline of a histogram as the points of a line. @param edges  one more than heights
function outline(edges, heights) {
  const points = [{x: edges[0], y: 0}];
  heights.forEach((height, i) => points.push({x: edges[i], y: height}, {x: edges[i + 1], y: height}));
  points.push({x: edges.at(-1), y: 0});
  return points;
}

// Densities in equal bins; what lies outside is put into the first and the last one.
function histogram(values, min, max, bins) {
  const width = (max - min) / bins;
  const heights = Array(bins).fill(0);
  for (const value of values) {
    heights[Math.min(bins - 1, Math.max(0, Math.floor((value - min) / width)))] += 1 / (values.length * width);
  }
  return {edges: heights.map((_, i) => min + i * width).concat(max), heights};
}

function filled(i, label) {
  const base = line(i);
  return {
    ...base, label, borderWidth: 1.5, backgroundColor: faint(base.borderColor, 0.25), fill: 'origin', area: true,
    silent: true,
  };
}

function redrawAll() {
  drawn.forEach(redraw);
  pictures.forEach((paint) => paint());
}

// On paper all is light, and as wide as the paper is.
function watchAppearance() {
  const onPaper = (now) => {
    printing = now;
    document.documentElement.classList.toggle('paper', now);
    redrawAll();
  };
  darkPreferred.addEventListener('change', redrawAll);
  window.addEventListener('beforeprint', () => onPaper(true));
  window.addEventListener('afterprint', () => onPaper(false));
}
