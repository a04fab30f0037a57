// The map on its canvas: drawn, moved, zoomed, and asked what lies where.
import { clusterColours, colour } from "./colours.js";
import { isInside } from "./lasso.js";

const CELLS = 100;
const FARTHEST = 0.7;
const NEAREST = 60;
/** Pixels from a point within which it is pointed at. */
const REACH = 16;

/** A map on a canvas; `told` has `hover(place, x, y)`, `select(places)` and `click(place)`. */
export class Plane {
  constructor(canvas, told) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.told = told;
    this.points = 0;
    this.isDrawing = false;
    this.isLasso = false;
    this.hovered = -1;
    this.chosen = null;
    this.rings = new Set();
    this.line = null;
    this.width = this.height = 0;
    new ResizeObserver(() => this.fit()).observe(canvas);
    document.addEventListener("theme", () => this.dress());
    this.listen();
  }

  /** Show a map, as the server gives it. */
  open(map) {
    this.map = map;
    this.points = map.ids.length;
    this.cells = new Map();
    for (let place = 0; place < this.points; place++) {
      const key = this.cell(map.x[place]) * 1000 + this.cell(map.y[place]);
      if (!this.cells.has(key)) this.cells.set(key, []);
      this.cells.get(key).push(place);
    }
    this.centres = map.names.map((_, label) => {
      const own = [...map.labels.keys()].filter(place => map.labels[place] === label);
      return [median(own.map(place => map.x[place])), median(own.map(place => map.y[place]))];
    });
    this.dress();
    this.all();
  }

  cell(value) {
    return Math.max(0, Math.min(CELLS - 1, Math.floor(value * CELLS)));
  }

  /** Take the colours of the theme. */
  dress() {
    if (!this.map) return;
    this.colours = clusterColours(this.map.names.length);
    this.ink = { text: colour("--text"), back: colour("--surface"), none: colour("--dim"), accent: colour("--accent") };
    this.draw();
  }

  fit() {
    const ratio = devicePixelRatio || 1;
    const wasHidden = !this.width;
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    if (!this.width) return;
    this.canvas.width = this.width * ratio;
    this.canvas.height = this.height * ratio;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (wasHidden) this.all();
    this.draw();
  }

  // --- where things are ---

  /** Show the whole map: both ways as far as it goes, so that none of the canvas is left empty. */
  all() {
    if (!this.width || !this.points) return;
    const [left, right] = extent(this.map.x);
    const [top, bottom] = extent(this.map.y);
    const room = Math.min(56, this.width / 8);
    this.least = Math.min((this.width - 2 * room) / Math.max(right - left, 0.05), (this.height - 2 * room) / Math.max(bottom - top, 0.05));
    this.scale = this.least;
    this.left = this.width / 2 - ((left + right) / 2) * this.scale;
    this.top = this.height / 2 - ((top + bottom) / 2) * this.scale;
    this.draw();
  }

  at(place) {
    return [this.left + this.map.x[place] * this.scale, this.top + this.map.y[place] * this.scale];
  }

  move(right, down) {
    this.left += right;
    this.top += down;
    this.draw();
  }

  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const scale = Math.max(this.least * FARTHEST, Math.min(this.least * NEAREST, this.scale * factor));
    this.left = x - ((x - this.left) * scale) / this.scale;
    this.top = y - ((y - this.top) * scale) / this.scale;
    this.scale = scale;
    this.draw();
  }

  /** The point nearest to a place of the canvas; -1 where none is near. */
  nearest(x, y) {
    if (!this.points) return -1;
    const [mapX, mapY, reach] = [(x - this.left) / this.scale, (y - this.top) / this.scale, REACH / this.scale];
    let best = -1;
    let least = reach * reach;
    for (let column = this.cell(mapX - reach); column <= this.cell(mapX + reach); column++)
      for (let row = this.cell(mapY - reach); row <= this.cell(mapY + reach); row++)
        for (const place of this.cells.get(column * 1000 + row) || []) {
          const distance = (this.map.x[place] - mapX) ** 2 + (this.map.y[place] - mapY) ** 2;
          if (distance < least) [best, least] = [place, distance];
        }
    return best;
  }

  /** The points that can be seen. */
  inView() {
    return this.filter(([x, y]) => x >= 0 && y >= 0 && x <= this.width && y <= this.height);
  }

  filter(wanted) {
    return Array.from({ length: this.points }, (_, place) => place).filter(place => wanted(this.at(place)));
  }

  // --- drawing ---

  draw() {
    if (this.isDrawing || !this.map || !this.width) return;
    this.isDrawing = true;
    requestAnimationFrame(() => this.paint());
  }

  paint() {
    this.isDrawing = false;
    const { context, map } = this;
    const zoomed = this.scale / this.least;
    const room = Math.max(0.5, Math.min(1, Math.min(this.width, this.height) / 700));
    const size = Math.max(1.2, Math.min(9, (110 / Math.sqrt(this.points + 20)) * room * zoomed ** 0.4));
    context.clearRect(0, 0, this.width, this.height);
    for (let place = 0; place < this.points; place++) {
      const [x, y] = this.at(place);
      if (x < -9 || y < -9 || x > this.width + 9 || y > this.height + 9) continue;
      context.globalAlpha = this.chosen && !this.chosen.has(place) ? 0.13 : 0.82;
      context.fillStyle = map.labels[place] < 0 ? this.ink.none : this.colours[map.labels[place]];
      this.dot(x, y, size);
      context.fill();
    }
    context.globalAlpha = 1;
    this.ring(this.rings, size + 3, this.ink.accent);
    if (this.hovered >= 0) this.ring([this.hovered], size + 4, this.ink.text);
    this.names();
    if (this.line) this.outline();
  }

  dot(x, y, size) {
    this.context.beginPath();
    this.context.arc(x, y, size, 0, 7);
  }

  ring(places, size, stroke) {
    this.context.lineWidth = 2.2;
    this.context.strokeStyle = stroke;
    for (const place of places) {
      this.dot(...this.at(place), size);
      this.context.stroke();
    }
  }

  /** Names of clusters in their midst; one that would cover another waits until the map is zoomed in. */
  names() {
    const { context } = this;
    const taken = [];
    context.font = `600 12.5px ${getComputedStyle(document.documentElement).fontFamily}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    this.map.names.forEach((name, label) => {
      const short = name.split(", ").slice(0, 2).join(", ");
      const half = context.measureText(short).width / 2 + 6;
      const x = this.left + this.centres[label][0] * this.scale;
      const y = this.top + this.centres[label][1] * this.scale;
      if (!short || x < half || x > this.width - half || taken.some(other => Math.abs(other[0] - x) < other[2] + half && Math.abs(other[1] - y) < 20)) return;
      taken.push([x, y, half]);
      context.strokeStyle = this.ink.back;
      context.lineWidth = 5;
      context.globalAlpha = 0.9;
      context.strokeText(short, x, y);
      context.globalAlpha = 1;
      context.fillStyle = this.ink.text;
      context.fillText(short, x, y);
    });
  }

  outline() {
    const { context } = this;
    context.beginPath();
    this.line.forEach(([x, y]) => context.lineTo(x, y));
    context.closePath();
    context.globalAlpha = 0.12;
    context.fillStyle = this.ink.accent;
    context.fill();
    context.globalAlpha = 1;
    context.setLineDash([5, 4]);
    context.strokeStyle = this.ink.accent;
    context.lineWidth = 2;
    context.stroke();
    context.setLineDash([]);
  }

  // --- fingers, mice and keys ---

  listen() {
    const { canvas } = this;
    const fingers = new Map();
    let travelled = 0;
    const place = event => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    canvas.addEventListener("pointerdown", event => {
      if (event.button !== 0 || !this.points) return;
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, place(event));
      travelled = 0;
      if (fingers.size === 1 && (this.isLasso || event.shiftKey)) this.line = [place(event)];
      else this.line = null;
    });
    canvas.addEventListener("pointermove", event => {
      if (!this.points) return;
      const [x, y] = place(event);
      const before = fingers.get(event.pointerId);
      if (!before) return this.hover(this.nearest(x, y), x, y);
      travelled += Math.hypot(x - before[0], y - before[1]);
      if (this.line) {
        this.line.push([x, y]);
        this.draw();
      } else if (fingers.size === 1) {
        this.hover(-1);
        this.move(x - before[0], y - before[1]);
      } else {
        const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
        const apart = Math.hypot(before[0] - other[0], before[1] - other[1]);
        this.zoom(Math.hypot(x - other[0], y - other[1]) / Math.max(apart, 1), ...other);
      }
      fingers.set(event.pointerId, [x, y]);
    });
    const end = event => {
      if (!fingers.delete(event.pointerId)) return;
      const line = this.line;
      this.line = null;
      if (line && line.length > 2 && event.type === "pointerup") this.told.select(this.filter(([x, y]) => isInside(x, y, line)));
      else if (travelled < 5 && event.type === "pointerup") {
        const [x, y] = place(event);
        const hit = this.nearest(x, y);
        this.hover(hit, x, y);
        this.told.click(hit);
      }
      this.draw();
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("pointerleave", () => fingers.size || this.hover(-1));
    canvas.addEventListener("wheel", event => {
      event.preventDefault();
      this.hover(-1);
      this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), ...place(event));
    }, { passive: false });
  }

  hover(place, x, y) {
    if (place === this.hovered && place < 0) return;
    this.hovered = place;
    this.told.hover(place, x, y);
    this.draw();
  }

  /** Point at a passage from elsewhere, such as the list. */
  point(place) {
    this.hovered = place;
    this.draw();
  }
}

function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return [low, high];
}

function median(values) {
  const sorted = values.slice().sort((one, other) => one - other);
  return sorted.length ? sorted[Math.floor(sorted.length / 2)] : 0;
}
