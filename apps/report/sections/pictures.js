// Energy profiles, and data, draws and weights as pictures.

const pictures = [];  // functions that paint every canvas anew, for another colour scheme

// ---- profiles of the energy over y

// Where the density is above 1/1000 of its peak, what is marked, and the middle 90 % of the draws.
function profileRange(row) {
  const peak = Math.max(...row.density.filter(isNumber));
  const seen = row.y.filter((_, i) => row.density[i] > peak / 1000);
  const drawn = row.negatives.toSorted((a, b) => a - b);
  const middle = drawn.slice(Math.floor(0.05 * drawn.length), Math.ceil(0.95 * drawn.length));
  return rangeOf([...seen, row.y_observed, ...middle], false, 0.04);
}

function drawsOutside(row) {
  const range = profileRange(row);
  return row.negatives.filter((y) => y < range.min || y > range.max).length;
}

function gaussian(mean, deviation, x) {
  return normalDensity((x - mean) / deviation) / deviation;
}

function profileTitle(profiles, row) {
  const x = profiles.x.map((name, i) => `${name} = ${number(row.x[i])}`);
  return `${x.length > 3 ? `${x.slice(0, 3).join(', ')}, …` : x.join(', ')} (row\u00a0${row.row})`;
}

function profileName(row) {
  return `row-${row.row ?? 1}`;
}

function energyPanel(profiles, row, range) {
  const points = row.y.map((x, i) => ({x, y: row.free_energy[i]})).filter((p) => isNumber(p.y));
  const inside = points.filter((p) => p.x >= range.min && p.x <= range.max).map((p) => p.y);
  const top = Math.min(Math.max(...inside, 0.1), 10 / (profiles.beta || 1));
  return {
    name: profileName(row), title: profileTitle(profiles, row), height: 'lower',
    x: {...range, most: 6, hideTicks: true}, y: {title: 'energy F − min', min: 0, max: top * 1.05, most: 4, width: 62},
    sets: [{...line(7), label: 'energy F(x, y)', data: points}, observedLine(row, top * 1.05)],
  };
}

function observedLine(row, top) {
  return {...line(1, 1), label: 'y observed', data: [{x: row.y_observed, y: 0}, {x: row.y_observed, y: top}], silent: true};
}

function densityPanel(profiles, row, range) {
  const exact = row.y.map((x, i) => ({x, y: row.density[i]})).filter((p) => isNumber(p.y));
  const inside = row.negatives.filter((y) => y >= range.min && y <= range.max);
  const bins = Math.max(10, Math.min(40, Math.round(1.5 * Math.sqrt(inside.length))));
  const {edges, heights} = histogram(inside, range.min, range.max, bins);
  const scale = inside.length / Math.max(1, row.negatives.length);
  const regression = row.regression && row.y.map((x) => ({x, y: gaussian(row.regression.mean, row.regression.standard_deviation, x)}));
  const top = 1.08 * Math.max(...exact.map((p) => p.y), ...heights.map((h) => h * scale), ...(regression || []).map((p) => p.y));
  return {
    name: profileName(row), title: `${drawsOutside(row)} of ${plural(row.negatives.length, 'draw')} outside`,
    x: {title: profiles.y, ...range, most: 6}, y: {title: 'density', min: 0, max: top, most: 4, width: 62},
    height: 'low', below: true,
    sets: [
      observedLine(row, top),
      {...line(0), label: 'exact density', data: exact},
      ...(regression ? [{...line(3, 3), label: 'Gaussian regression', data: regression}] : []),
      {...filled(2, `negative examples by ${profiles.sampler}`), data: outline(edges, heights.map((h) => h * scale))},
    ],
  };
}

function profileFigure(profiles) {
  const rows = profiles?.rows ?? [];
  if (rows.length === 0) {
    return null;
  }
  return figure({
    name: 'profiles',
    title: 'Energy, density and negative examples',
    see: `Low energy is high probability: the negative examples (filled) fill the exact density (line), wherever the energy has its ` +
        'valleys' + (rows.some((row) => row.regression) ? '; a Gaussian regression has one peak only, be it between them.' : '.'),
    size: 'small',
    panels: () => rows.flatMap((row) => {
      const range = profileRange(row);
      return [energyPanel(profiles, row, range), densityPanel(profiles, row, range)];
    }),
    table: {
      label: 'profiles',
      columns: ['row', ...profiles.x, `${profiles.y}: observed`, 'exact mean', 'exact standard deviation', 'negatives: mean', 'their standard deviation', 'outside the picture', 'regression'],
      rows: rows.map((row) => {
        const law = momentsOfDensity(row.y, row.density), drawn = momentsOf(row.negatives);
        return [String(row.row), ...row.x.map((x) => number(x, 4)), number(row.y_observed, 4), number(law.mean, 4), number(law.deviation, 4),
                number(drawn.mean, 4), number(drawn.deviation, 4), String(drawsOutside(row)),
                row.regression ? `${number(row.regression.mean, 4)}, standard deviation ${number(row.regression.standard_deviation)}` : missing];
      }),
    },
  });
}

function momentsOf(values) {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const square = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / Math.max(1, values.length - 1);
  return {mean, deviation: Math.sqrt(square)};
}

// By the trapezoidal rule.
function momentsOfDensity(grid, density) {
  const integral = (f) => grid.slice(1).reduce((sum, y, i) => {
    const at = (k) => f(grid[k]) * (density[k] ?? 0);
    return sum + (y - grid[i]) * (at(i) + at(i + 1)) / 2;
  }, 0);
  const mass = integral(() => 1), mean = integral((y) => y) / mass;
  return {mean, deviation: Math.sqrt(Math.max(0, integral((y) => (y - mean) ** 2) / mass))};
}

// ---- pictures

function mix(a, b, share) {
  return a.map((v, i) => Math.round(v + (b[i] - v) * Math.max(0, Math.min(1, share))));
}

// One canvas, a square a pixel. @param colourOf  of a value, under the present colour scheme
function picture(values, height, width, colourOf) {
  const canvas = element('canvas', {width, height, 'aria-hidden': 'true'});
  const paint = () => {
    const context = canvas.getContext('2d');
    const image = context.createImageData(width, height);
    values.forEach((value, i) => image.data.set([...(isNumber(value) ? colourOf(value) : [128, 128, 128]), 255], 4 * i));
    context.putImageData(image, 0, 0);
  };
  pictures.push(paint);
  return canvas;
}

function pictureGrid(label, all, size, colourOf) {
  return element('div', {class: 'pictures', role: 'img', 'aria-label': label},
                 all.map((values) => picture(values, size.height, size.width, colourOf)));
}

function greyOf(images) {
  return (value) => mix(theme().paper, theme().ink, (value - images.low) / (images.high - images.low));
}

function divergingOf(most) {
  return (value) => mix(theme().zero, value < 0 ? theme().negative : theme().positive, Math.abs(value) / most);
}

function pictureFigure(name, title, see, inside, behind) {
  return element('figure', {'data-name': name}, element('figcaption', {}, element('h4', {}, title), element('p', {}, see)), inside,
                 tableBehind(behind.label, behind.columns, behind.rows));
}

function meanOf(values) {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}

function imageFigure(images) {
  if (!images || (images.data.length === 0 && images.negatives.length === 0)) {
    return null;
  }
  const kinds = [['Data', images.data], ['Draws of the model', images.negatives]].filter(([, all]) => all.length > 0);
  return pictureFigure(
      'images', 'Data and draws as pictures',
      `A model that has learnt draws what looks like the data; ink is ${images.high}, paper ${images.low}. Drawn: ${images.how}.`,
      kinds.map(([name, all]) => element('div', {}, element('h5', {}, name),
                                         pictureGrid(`${name}: ${all.length} pictures of ${images.height} x ${images.width} pixels`, all, images, greyOf(images)))),
      {
        label: 'mean of each picture',
        columns: ['picture', 'mean of its pixels'],
        rows: kinds.flatMap(([name, all]) => all.map((values, i) => [`${name} ${i + 1}`, number(meanOf(values))])),
      });
}

// The pictures of a group of parameters: one for each unit on its other side; null where no side
// has the size of a picture.
function weightPictures(group, params, pixels) {
  const [rows, columns = 1] = group.shape;
  const at = (i) => params.values[group.first + i];
  const unit = (size, index) => Array.from({length: size}, (_, u) => Array.from({length: pixels}, (_, p) => at(index(u, p))));
  if (group.shape.length === 0 || group.shape.length > 2) {
    return null;
  }
  return rows === pixels ? unit(columns, (u, p) => p * columns + u)
       : columns === pixels ? unit(rows, (u, p) => u * columns + p)
                            : null;
}

function colourKey(most) {
  const steps = Array.from({length: 41}, (_, i) => most * (i - 20) / 20);
  return element('div', {class: 'key'}, element('span', {}, number(-most, 2)), picture(steps, 1, steps.length, divergingOf(most)),
                 element('span', {}, number(most, 2)), element('span', {class: 'note'}, 'colourless: 0'));
}

function weightFigure(part) {
  const images = part.pictures?.images;
  if (!images || part.params?.every !== 1) {
    return null;
  }
  const groups = (part.result?.parameter_groups || [])
      .map((group) => ({group, all: weightPictures(group, part.params, images.height * images.width)}))
      .filter(({all}) => all);
  if (groups.length === 0) {
    return null;
  }
  return pictureFigure(
      'weights', 'Weights as pictures',
      'Each picture is what one unit looks for: parts of the data where it has learnt, noise or nothing where it has not.',
      groups.map(({group, all}) => {
        const most = Math.max(...all.flat().filter(isNumber).map(Math.abs), 1e-12);
        return element('div', {}, element('h5', {}, `${group.name}: ${plural(all.length, 'picture')}`),
                       pictureGrid(`${group.name}: ${all.length} pictures of weights, from ${number(-most)} to ${number(most)}`, all, images, divergingOf(most)),
                       colourKey(most));
      }),
      {
        label: 'weights of each unit',
        columns: ['unit', 'least', 'largest', 'length'],
        rows: groups.flatMap(({group, all}) => all.map((values, i) => [
          all.length === 1 ? group.name : `${group.name}, unit ${i}`, number(Math.min(...values)), number(Math.max(...values)), number(Math.hypot(...values)),
        ])),
      });
}
