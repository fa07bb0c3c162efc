// Draws one state into a box of the canvas: by colour and by shape.
import { STATES } from "./store.js";

let colours = {};

/** Reads the colours of the style sheet, which differ in light and dark. */
export function readColours(element = document.documentElement) {
  const style = getComputedStyle(element);
  const names = ["ground", "panel", "ink", "muted", "line", "hover", "accent", "mark", "control", ...STATES];
  colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  sprites.clear();
  return colours;
}

const sprites = new Map();

function box(context, x, y, width, height, radius) {
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
}

/** A cell's picture, drawn once for each state and size. */
function sprite(state, width, height, scale) {
  const key = `${state} ${width} ${height} ${scale}`;
  const known = sprites.get(key);
  if (known) return known;
  const canvas = new OffscreenCanvas(Math.ceil(width * scale), Math.ceil(height * scale));
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  draw(context, STATES[state], width, height);
  sprites.set(key, canvas);
  return canvas;
}

function draw(context, state, width, height) {
  const colour = colours[state];
  const [x, y] = [width / 2, height / 2];
  const half = Math.min(width, height) * 0.26;
  const radius = Math.min(3, height / 5);
  context.lineCap = "round";
  switch (state) {
    case "warm":
      context.fillStyle = colour;
      box(context, 1, 1, width - 2, height - 2, radius);
      context.fill();
      break;
    case "pulling":
      tint(context, colour, 0.16, width, height, radius);
      outline(context, colour, 1.4, width, height, radius);
      stroke(context, colour, 1.7, [[[x, y - half], [x, y + half]], [[x - half * 0.8, y + half * 0.15], [x, y + half], [x + half * 0.8, y + half * 0.15]]]);
      break;
    case "pending":
      outline(context, colour, 1, width, height, radius);
      break;
    case "stale":
      tint(context, colour, 0.14, width, height, radius);
      context.fillStyle = colour;
      context.beginPath();
      context.moveTo(x, y - half * 1.25); context.lineTo(x + half * 1.25, y);
      context.lineTo(x, y + half * 1.25); context.lineTo(x - half * 1.25, y);
      context.fill();
      break;
    case "failed":
      context.fillStyle = colour;
      box(context, 1, 1, width - 2, height - 2, radius);
      context.fill();
      stroke(context, colours.mark, 2, [[[x - half * 0.85, y - half * 0.85], [x + half * 0.85, y + half * 0.85]], [[x + half * 0.85, y - half * 0.85], [x - half * 0.85, y + half * 0.85]]]);
      break;
    case "unsupported":
      stroke(context, colour, 1.5, [[[x - half, y], [x + half, y]]]);
      break;
  }
}

function tint(context, colour, strength, width, height, radius) {
  context.globalAlpha = strength;
  context.fillStyle = colour;
  box(context, 1, 1, width - 2, height - 2, radius);
  context.fill();
  context.globalAlpha = 1;
}

function outline(context, colour, line, width, height, radius) {
  context.strokeStyle = colour;
  context.lineWidth = line;
  box(context, 1 + line / 2, 1 + line / 2, width - 2 - line, height - 2 - line, radius);
  context.stroke();
}

function stroke(context, colour, line, paths) {
  context.strokeStyle = colour;
  context.lineWidth = line;
  context.beginPath();
  for (const [first, ...rest] of paths) {
    context.moveTo(...first);
    for (const point of rest) context.lineTo(...point);
  }
  context.stroke();
}

export function paintCell(context, state, x, y, width, height, scale, progress) {
  if (state >= STATES.length) {
    context.fillStyle = colours.line;
    context.fillRect(x + width / 2 - 1, y + height / 2 - 1, 2, 2);
    return;
  }
  context.drawImage(sprite(state, width, height, scale), x, y, width, height);
  if (progress === undefined || STATES[state] !== "pulling") return;
  context.globalAlpha = 0.4;
  context.fillStyle = colours.pulling;
  box(context, x + 1, y + 1, Math.max(3, (width - 2) * Math.min(1, progress)), height - 2, 3);
  context.fill();
  context.globalAlpha = 1;
}

/** The states of a whole group in one box: what is not warm stands in front, each at least a hair wide. */
export function paintDensity(context, counts, offset, x, y, width, height) {
  let total = 0;
  for (let state = 0; state < STATES.length; state += 1) total += counts[offset + state];
  if (total === 0) {
    context.fillStyle = colours.line;
    context.fillRect(x + width / 2 - 1, y + height / 2 - 1, 2, 2);
    return null;
  }
  context.save();
  box(context, x + 1, y + 1, width - 2, height - 2, 3);
  context.clip();
  const order = [0, 1, 3, 4, 2, 5];
  const parts = order.map((state) => {
    const share = counts[offset + state] / total;
    return { state, size: share > 0 ? Math.max(1.5, share * (height - 2)) : 0 };
  });
  const sum = parts.reduce((all, part) => all + part.size, 0);
  let bottom = y + height - 1;
  for (const { state, size } of parts) {
    const tall = size / sum * (height - 2);
    if (tall === 0) continue;
    const name = STATES[state];
    context.globalAlpha = name === "pending" ? 0.28 : name === "unsupported" ? 0.14 : 1;
    context.fillStyle = colours[name];
    context.fillRect(x + 1, bottom - tall, width - 2, tall);
    context.globalAlpha = 1;
    if (name === "failed") hatch(context, x + 1, bottom - tall, width - 2, tall);
    bottom -= tall;
  }
  context.restore();
  outlineAt(context, x, y, width, height);
  const able = total - counts[offset + 5];
  return able > 0 ? counts[offset] / able : null;
}

function outlineAt(context, x, y, width, height) {
  context.strokeStyle = colours.control;
  context.globalAlpha = 0.55;
  context.lineWidth = 1;
  box(context, x + 1.5, y + 1.5, width - 3, height - 3, 3);
  context.stroke();
  context.globalAlpha = 1;
}

function hatch(context, x, y, width, height) {
  context.strokeStyle = colours.mark;
  context.lineWidth = 1;
  context.beginPath();
  for (let step = -height; step < width; step += 5) {
    context.moveTo(x + step, y + height);
    context.lineTo(x + step + height, y);
  }
  context.stroke();
}
