// Colours of charts, dark and light. Eight that colour-blind readers tell apart (after Okabe and
// Ito), always together with a marker or a dash.

const themes = {
  light: {
    name: 'light', text: '#1f2328', soft: '#59636e', grid: '#e3e6ea', surface: '#ffffff', accent: '#b3261e',
    series: ['#0067a5', '#c8500a', '#00795a', '#a8417c', '#7a6200', '#3a86b7', '#5a5a5a', '#6a3d9a'],
    negative: [33, 102, 172], zero: [247, 247, 247], positive: [200, 80, 10],
    paper: [255, 255, 255], ink: [31, 35, 40],
  },
  dark: {
    name: 'dark', text: '#e6e8ea', soft: '#a3abb5', grid: '#33383e', surface: '#181b1f', accent: '#ff8a80',
    series: ['#5cb8f0', '#ff9a52', '#3fcf9f', '#f0a3cd', '#e8d44d', '#a6d4f2', '#c4c4c4', '#c3a1f2'],
    negative: [92, 176, 240], zero: [40, 44, 50], positive: [255, 154, 82],
    paper: [24, 27, 31], ink: [230, 232, 234],
  },
};

const markers = ['circle', 'rect', 'triangle', 'rectRot', 'star', 'cross', 'crossRot', 'rectRounded'];
const dashes = [[], [7, 4], [2, 3], [9, 3, 2, 3], [12, 4], [4, 2], [1, 2], [6, 2, 2, 2]];

const darkPreferred = window.matchMedia('(prefers-color-scheme: dark)');
let printing = false;

function theme() {
  return !printing && darkPreferred.matches ? themes.dark : themes.light;
}

// "#rrggbb" with an opacity from 0 to 1
function faint(colour, opacity) {
  return colour + Math.round(255 * opacity).toString(16).padStart(2, '0');
}

// Colour and marker of series i.
function series(i) {
  const size = markers.length;
  const colour = theme().series[i % size];
  return {
    borderColor: colour,
    backgroundColor: colour,
    pointStyle: markers[(i + Math.floor(i / size)) % size],
    pointRadius: 4,
    borderWidth: 2,
    showLine: true,
  };
}

// A line without markers.
function line(i, dash = 0) {
  return {...series(i), pointRadius: 0, pointHitRadius: 6, borderDash: dashes[dash % dashes.length]};
}

function quietLine(dash = 1) {
  return {
    borderColor: theme().soft, backgroundColor: theme().soft, borderWidth: 1.5, pointRadius: 0,
    pointHitRadius: 0, showLine: true, borderDash: dashes[dash],
  };
}
