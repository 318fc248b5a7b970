// Draws a scene on a canvas: a row for each lane, and what belongs to it below one another. What goes from row to row is in links.js.

const ROW = { machine: 24, speaker: 22, peer: 30, program: 30, task: 30, session: 26, pipe: 22, network: 18 };
const TIMER = 15;
const LEVEL = 18;
const TOP = 40;

/** Where every lane is; `hidden` are those that are not shown. */
function layOut(scene, hidden) {
  const rows = [];
  let y = TOP + 4;
  scene.lanes.forEach((lane, index) => {
    if (lane.log.base === index && scene.logs.length > 1) {
      rows.push({ title: lane.log, y, height: 30, lane: -1 });
      y += 30;
    }
    if (hidden.has(index)) return;
    const row = { lane: index, y, bar: y + 2, height: ROW[lane.is] || 24, parts: [] };
    let below = y + row.height;
    for (const [name, list] of scene.timers[index]) {
      if (!list.length) continue;
      row.parts.push({ name: `${name} timer`, timer: list, y: below, height: TIMER });
      below += TIMER;
    }
    for (const [name, list] of scene.levels[index]) {
      row.parts.push({ name: levelName(name), level: list, y: below, height: LEVEL, window: name.startsWith('window') });
      below += LEVEL;
    }
    row.end = below + (lane.is === 'machine' ? 0 : 4);
    rows.push(row);
    y = row.end;
  });
  const of = new Map(rows.filter((row) => row.lane >= 0).map((row) => [row.lane, row]));
  // Where arrows from and to a lane begin and end.
  const anchors = scene.lanes.map((_, index) => {
    let at = index;
    while (at >= 0 && !of.has(at)) at = scene.lanes[at].of;
    const row = of.get(at);
    return row ? row.y + Math.max(row.height, 18) / 2 : null;
  });
  return { rows, of, anchors, height: y + 12 };
}

/** Whether a session in this state has no connection. */
function isDown(state) {
  return ['Idle', 'Active', 'Ended'].includes(state);
}

function levelName(name) {
  return { 'level in': 'unread, to speaker', 'level out': 'unread, from speaker', 'window in': 'window, to speaker', 'window out': 'window, from speaker' }[name];
}

/** What is too narrow to be seen alone: neighbours become one. */
class Runs {
  constructor() {
    this.runs = [];
    this.end = -Infinity;
  }

  add(x, right) {
    if (x <= this.end + 1) {
      this.end = Math.max(this.end, right);
      this.runs[this.runs.length - 1] = this.end;
    } else {
      this.end = Math.max(right, x + 1.2);
      this.runs.push(x, this.end);
    }
  }

  draw(rectangle) {
    for (let at = 0; at < this.runs.length; at += 2) rectangle(this.runs[at], this.runs[at + 1] - this.runs[at]);
  }
}

class Ground {
  constructor(canvas, scene, scale) {
    this.canvas = canvas;
    this.context = canvas.getContext('2d');
    this.scene = scene;
    this.scale = scale;
    this.hidden = new Set();
    this.kinds = new Set(['message', 'line', 'wait', 'turn', 'state', 'timer', 'level', 'fault', 'mark']);
    this.names = 210;
    this.margin = 150;
    this.selected = null;
    this.found = [];
    this.step = -1;
    this.scroll = 0;
    this.layout = layOut(scene, this.hidden);
    this.scale.settle(scene);
    this.readColours();
  }

  readColours() {
    const style = getComputedStyle(document.documentElement);
    this.colour = {};
    for (const name of ['paper', 'ink', 'muted', 'line', 'band', 'wait', 'waitink', 'turn', 'idle', 'timer', 'level', 'window', 'message', 'command', 'fault', 'chain', 'alarm', 'found', 'select', 'lost', 'differ', 'idlestate', 'opening', 'established', 'stateink', 'gone', 'edge']) this.colour[name] = style.getPropertyValue(`--${name}`).trim();
  }

  resize(width, height) {
    const ratio = window.devicePixelRatio || 1;
    [this.width, this.height] = [width, height];
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.names = width < 700 ? 120 : 210;
    const chained = this.scene.logs.some((log) => log.end && log.end.chain.length);
    this.margin = chained ? Math.min(150, width * 0.14) : 24;
    this.scale.begin = this.names + 8;
    this.scale.width = Math.max(50, width - this.names - 8 - this.margin);
  }

  draw() {
    const { context: c, colour } = this;
    c.fillStyle = colour.paper;
    c.fillRect(0, 0, this.width, this.height);
    c.font = '12px system-ui, sans-serif';
    c.textBaseline = 'middle';
    this.from = this.scale.timeAt(this.scale.begin - 8);
    this.until = this.scale.timeAt(this.scale.begin + this.scale.width + 8);
    this.taken = [];
    this.texts = 0;
    c.save();
    c.translate(0, -this.scroll);
    this.bands();
    c.save();
    c.beginPath();
    c.rect(this.names, this.scroll + TOP, this.width - this.names, this.height - TOP);
    c.clip();
    if (this.kinds.has('fault')) this.faults();
    this.lines();
    for (const row of this.layout.rows) if (row.lane >= 0 && this.sees(row.y, row.end)) this.row(row);
    this.chain();
    this.arrows();
    this.finds();
    this.selection();
    c.restore();
    this.labels();
    c.restore();
    this.axis();
  }

  sees(top, bottom) {
    return bottom >= this.scroll && top <= this.scroll + this.height;
  }

  bands() {
    const { context: c, colour } = this;
    for (const row of this.layout.rows) {
      if (row.lane < 0) continue;
      const lane = this.scene.lanes[row.lane];
      c.fillStyle = lane.is === 'machine' ? colour.band : colour.line;
      if (lane.is === 'machine') c.fillRect(0, row.y, this.width, row.end - row.y);
      else c.fillRect(0, row.end - 1, this.width, 1);
    }
  }

  labels() {
    const { context: c, colour } = this;
    c.fillStyle = colour.paper;
    for (const row of this.layout.rows) {
      if (!this.sees(row.y, row.end || row.y + row.height)) continue;
      if (row.title) {
        c.fillStyle = colour.ink;
        c.font = '600 13px system-ui, sans-serif';
        const end = row.title.end;
        const { shift: by } = row.title;
        const set = by ? `, set ${seconds(Math.abs(by))} ${by > 0 ? 'later' : 'earlier'}` : '';
        c.fillText(`${runName(this.scene.logs, row.title)}: ${end ? end.summary : 'cut short'}${set}`, 10, row.y + 16);
        continue;
      }
      const lane = this.scene.lanes[row.lane];
      c.fillStyle = lane.is === 'machine' ? colour.band : colour.paper;
      c.fillRect(0, row.y, this.names, row.end - row.y - 1);
      const deep = { machine: 10, network: 10, speaker: 20, peer: 20, program: 20 }[lane.is] || 32;
      const strong = ['machine', 'speaker', 'peer', 'program'].includes(lane.is);
      c.font = `${strong ? '600 ' : ''}12px system-ui, sans-serif`;
      c.fillStyle = colour.ink;
      this.text(shortName(this.scene.lanes, row.lane), deep, row.y + row.height / 2, this.names - deep - 6);
      c.font = '11px system-ui, sans-serif';
      c.fillStyle = colour.muted;
      for (const part of row.parts) {
        this.text(part.name, deep + 12, part.y + part.height / 2, this.names - deep - 18);
      }
    }
    c.fillStyle = colour.line;
    c.fillRect(this.names, this.scroll, 1, this.height);
  }

  /** A text, cut to a width. What is `kept` is not written over. */
  text(text, x, y, width, kept) {
    const { context: c } = this;
    let shown = text;
    this.texts += 1;
    // Where there are many, short ones tell nothing, and to measure each takes long.
    if (this.texts > 250) {
      if (width < 60) return;
      c.fillText(text.length * 7 > width ? `${text.slice(0, Math.floor(width / 7) - 1)}…` : text, x, y);
      return;
    }
    if (kept && width > 24) this.taken.push([x, y - 6, x + Math.min(width, text.length * 6.2), y + 6]);
    if (text.length * 9 > width && c.measureText(text).width > width) {
      let [low, high] = [0, Math.min(text.length, Math.ceil(width / 3))];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (c.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
        else high = middle - 1;
      }
      shown = low > 3 ? `${text.slice(0, low)}…` : '';
    }
    c.fillText(shown, x, y);
  }

  axis() {
    const { context: c, colour, scale } = this;
    c.fillStyle = colour.paper;
    c.fillRect(0, 0, this.width, TOP);
    c.fillStyle = colour.muted;
    c.font = '11px system-ui, sans-serif';
    let free = -Infinity;
    const ticks = scale.ticks(86);
    for (let at = 0; at < ticks.length; at += 1) {
      const t = ticks[at];
      const x = scale.x(t);
      const label = secondsApart(t, Math.min(t - (at ? ticks[at - 1] : 0), at + 1 < ticks.length ? ticks[at + 1] - t : Infinity));
      const width = c.measureText(label).width;
      if (x < this.names || x - width / 2 < free) continue;
      c.fillRect(Math.round(x), TOP - 6, 1, 6);
      c.textAlign = 'center';
      c.fillText(label, Math.max(x, this.names + 4 + width / 2), TOP - 14);
      free = x + width / 2 + 10;
    }
    c.textAlign = 'left';
    c.fillStyle = colour.line;
    c.fillRect(0, TOP - 1, this.width, 1);
    c.fillStyle = colour.muted;
    c.fillText(scale.even ? 'even time' : 'long waits shortened', 10, TOP - 14);
    this.flags();
  }

  /** Vertical lines over everything: the grid, the end, the point of no return, where two runs part. */
  lines() {
    const { context: c, colour, scale } = this;
    c.fillStyle = colour.line;
    for (const t of scale.ticks(86)) c.fillRect(Math.round(scale.x(t)), this.scroll + TOP, 1, this.height);
    for (const { t, tone, dashed } of this.moments()) {
      c.strokeStyle = colour[tone];
      c.lineWidth = 1.5;
      c.setLineDash(dashed ? [6, 4] : []);
      c.beginPath();
      c.moveTo(scale.x(t), this.scroll + TOP);
      c.lineTo(scale.x(t), this.scroll + this.height);
      c.stroke();
      c.setLineDash([]);
    }
  }

  /** The moments that have a line of their own, each with what stands above it. */
  moments() {
    const moments = [];
    for (const log of this.scene.logs) {
      const { end } = log;
      const whose = this.scene.logs.length > 1 ? `${runName(this.scene.logs, log)}: ` : '';
      if (!end) {
        moments.push({ t: log.until, tone: 'muted', dashed: true, text: `${whose}cut short here` });
        continue;
      }
      const tone = { pass: 'turn', recorded: 'muted' }[end.verdict] || 'alarm';
      moments.push({ t: end.at + log.shift, tone, text: `${whose}${end.summary.replace(/^hangs: /, '')}` });
      if (end.lost !== null && end.lost !== undefined) {
        moments.push({ t: end.lost + log.shift, tone: 'alarm', dashed: true, text: 'point of no return' });
      }
    }
    if (this.scene.difference) {
      moments.push({ t: this.scene.difference.t, tone: 'differ', dashed: true, text: 'first difference' });
    }
    return moments;
  }

  flags() {
    const { context: c, colour, scale } = this;
    c.font = '600 11px system-ui, sans-serif';
    const taken = [];
    for (const { t, tone, text } of this.moments()) {
      const x = scale.x(t);
      if (x < this.names || x > this.width) continue;
      const width = c.measureText(text).width + 8;
      const free = (left) => left >= this.names + 2 && left + width <= this.width - 2 && !taken.some(([from, to]) => left < to && left + width > from);
      // As near as there is room.
      const beside = taken.flatMap(([from, to]) => [from - width - 1, to + 1]);
      const [left] = [x - width / 2, this.width - width - 2, this.names + 2, ...beside].filter(free).sort((a, b) => Math.abs(a + width / 2 - x) - Math.abs(b + width / 2 - x));
      if (left === undefined) continue;
      taken.push([left - 3, left + width + 3]);
      c.fillStyle = colour[tone];
      c.fillRect(left, 1, width, 16);
      c.fillStyle = colour.paper;
      c.fillText(text, left + 4, 9.5);
    }
  }

  faults() {
    const { context: c, colour, scale } = this;
    c.font = '600 11px system-ui, sans-serif';
    // What is written on each lane already, line by line: from where to where.
    const written = new Map();
    for (const fault of this.scene.faults) {
      const x = scale.x(fault.from);
      const width = Math.max(2, scale.x(fault.to) - x);
      for (const lane of fault.far >= 0 ? [fault.lane, fault.far] : [fault.lane]) {
        const [top, bottom] = this.extent(lane);
        if (top === null) continue;
        c.globalAlpha = 0.16;
        c.fillStyle = colour.fault;
        c.fillRect(x, top, width, bottom - top);
        c.globalAlpha = 1;
        c.fillRect(x, top, 2, bottom - top);
      }
      const [top, bottom] = this.extent(fault.lane);
      if (top === null) continue;
      c.fillStyle = colour.fault;
      const left = Math.max(x + 5, this.names + 6);
      const room = Math.max(140, width - 8);
      const right = left + Math.min(room, c.measureText(fault.text).width);
      const taken = written.get(fault.lane) || [];
      written.set(fault.lane, taken);
      const isFree = (line) => taken.every((one) => one.line !== line || one.right < left || right < one.left);
      let line = 0;
      while (!isFree(line)) line += 1;
      // Without room for it on its lane it is told on a click alone.
      if (line && top + 16 + 13 * line > bottom) continue;
      taken.push({ line, left, right });
      this.text(fault.text, left, top + 10 + 13 * line, room, true);
    }
  }

  /** From where to where a lane and all that are part of it reach. */
  extent(lane) {
    const row = this.layout.of.get(lane);
    if (!row) return [null, null];
    let bottom = row.end;
    for (const [other, its] of this.layout.of) {
      let of = this.scene.lanes[other].of;
      while (of >= 0 && of !== lane) of = this.scene.lanes[of].of;
      if (of === lane) bottom = Math.max(bottom, its.end);
    }
    return [row.y, bottom];
  }

  row(row) {
    const { scene, kinds } = this;
    const lane = scene.lanes[row.lane];
    if (lane.is !== 'machine') this.bars(row, scene.bars[row.lane]);
    for (const part of row.parts) {
      if (part.timer && kinds.has('timer')) this.timers(part);
      if (part.level && kinds.has('level')) this.level(part);
    }
    if (kinds.has('mark')) this.marks(row, scene.marks[row.lane]);
  }

  bars(row, bars) {
    const { context: c, colour, scale, kinds } = this;
    const height = row.height - 6;
    const top = row.y + 3;
    const first = scale.begin - 8;
    const turns = new Runs();
    const idle = new Runs();
    const thin = new Runs();
    for (let at = firstFrom(this.scene.over[row.lane], this.from); at < bars.length; at += 1) {
      const bar = bars[at];
      if (bar.from > this.until) break;
      if (bar.to < this.from) continue;
      const turn = bar.kind === 'turn' || bar.kind === 'idle';
      if (!kinds.has(turn ? 'turn' : bar.kind === 'gone' ? 'fault' : bar.kind)) continue;
      const x = Math.max(scale.at(bar.a), first);
      const right = Math.min(scale.at(bar.b), this.width);
      if (turn) (bar.kind === 'turn' ? turns : idle).add(x, right);
      else if (right - x < 2) thin.add(x, right);
      else this.bar(bar, x, right, top, height);
    }
    c.fillStyle = colour.wait;
    thin.draw((x, width) => c.fillRect(x, top, width, height));
    c.fillStyle = colour.turn;
    turns.draw((x, width) => c.fillRect(x, top + height - 5, width, 6));
    c.fillStyle = colour.idle;
    idle.draw((x, width) => c.fillRect(x, top + height - 2, width, 3));
  }

  bar(bar, x, right, top, height) {
    const { context: c, colour } = this;
    const width = right - x;
    // Too light to stand out without an edge.
    c.fillStyle = colour.edge;
    c.fillRect(x, top, Math.max(1, width - 0.6), height);
    c.fillStyle = bar.kind === 'state' ? this.stateColour(bar.text) : bar.kind === 'gone' ? colour.gone : colour.wait;
    if (width > 3) c.fillRect(x + 1, top + 1, width - 2.6, height - 2);
    if (width <= 34) return;
    c.font = '11px system-ui, sans-serif';
    c.fillStyle = bar.kind === 'state' ? colour.stateink : colour.waitink;
    this.text(bar.kind === 'wait' ? waitWords(bar.text) : bar.text, x + 5, top + height / 2, width - 9, width > 120);
  }

  stateColour(state) {
    if (state === 'Established') return this.colour.established;
    return isDown(state) ? this.colour.idlestate : this.colour.opening;
  }

  timers(part) {
    const { context: c, colour, scale } = this;
    const bottom = part.y + part.height - 2;
    const tall = part.height - 4;
    const thin = new Runs();
    const labels = [];
    const [shapes, edges] = [new Path2D(), new Path2D()];
    c.fillStyle = colour.timer;
    for (const one of part.timer) {
      if (one.from > this.until) break;
      if (one.to < this.from) continue;
      const [x, right] = [scale.at(one.a), scale.at(one.b)];
      if (right - x < 3) {
        thin.add(x, right);
        continue;
      }
      const all = one.deadline - one.from;
      const left = all > 0 ? Math.max(0, (one.deadline - one.to) / all) : 0;
      for (const path of [shapes, edges]) {
        path.moveTo(x, bottom);
        path.lineTo(x, bottom - tall);
        path.lineTo(right, bottom - tall * left);
      }
      shapes.lineTo(right, bottom);
      if (right - x > 60) labels.push([one.event.until, x, right]);
    }
    c.fill(shapes);
    c.strokeStyle = colour.edge;
    c.lineWidth = 1;
    c.stroke(edges);
    thin.draw((x, width) => c.fillRect(x, bottom - tall, width, tall));
    c.font = '10px system-ui, sans-serif';
    c.fillStyle = colour.ink;
    for (const [deadline, x, right] of labels) this.text(`until ${seconds(deadline)}`, Math.max(x + 4, this.names + 6), bottom - 5, right - x - 6, true);
  }

  level(part) {
    const { context: c, colour, scale } = this;
    const bottom = part.y + part.height - 2;
    const tall = part.height - 4;
    const most = part.level.most || 1;
    c.fillStyle = part.window ? colour.window : colour.level;
    let labelled = -Infinity;
    let drawn = -Infinity;
    let highest = 0;
    const tops = [];
    for (let at = 0; at < part.level.length; at += 1) {
      const one = part.level[at];
      const x = Math.max(scale.at(one.a), scale.begin - 8);
      const right = Math.min(scale.at(one.b), this.width);
      if (x > this.width) break;
      if (right < scale.begin - 8) continue;
      highest = Math.max(highest, one.octets);
      if (right < drawn + 0.5) continue;
      drawn = right;
      const height = highest ? Math.max(2, (tall * highest) / most) : 0;
      c.fillRect(x, bottom - height, Math.max(0.8, right - x), height);
      if (height) tops.push([x, bottom - height, Math.max(0.8, right - x)]);
      if (highest && right - x > 90 && x > labelled) {
        const fill = c.fillStyle;
        c.font = '10px system-ui, sans-serif';
        c.fillStyle = colour.ink;
        this.text(`${highest.toLocaleString('en')} octets`, Math.max(x + 24, this.names + 6), bottom - tall / 2, right - x - 28, true);
        c.fillStyle = fill;
        labelled = right;
      }
      highest = 0;
    }
    c.fillStyle = colour.edge;
    for (const [x, top, width] of tops) c.fillRect(x, top, width, 1);
  }

  marks(row, marks) {
    const { context: c, colour, scale } = this;
    let drawn = -Infinity;
    for (const { t, a, event } of marks) {
      if (t > this.until) break;
      if (t < this.from) continue;
      const x = scale.at(a);
      if (x < drawn + 1.5) continue;
      drawn = x;
      const y = row.y + row.height / 2;
      if (event.kind === 'segment') {
        c.strokeStyle = colour.lost;
        c.lineWidth = 1.5;
        c.beginPath();
        c.moveTo(x - 4, y - 4);
        c.lineTo(x + 4, y + 4);
        c.moveTo(x + 4, y - 4);
        c.lineTo(x - 4, y + 4);
        c.stroke();
      } else if (event.kind === 'log' || event.text === 'started') {
        c.fillStyle = colour.muted;
        c.fillRect(x - 1, row.y + 1, 2, 4);
      } else {
        c.fillStyle = event.kind === 'alarm' ? colour.alarm : colour.ink;
        c.beginPath();
        c.moveTo(x, y - 6);
        c.lineTo(x + 5, y);
        c.lineTo(x, y + 6);
        c.lineTo(x - 5, y);
        c.fill();
      }
    }
  }
}
