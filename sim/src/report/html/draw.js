// Draws a scene on a canvas: a row for each lane, and what belongs to it below one another.

const ROW = { machine: 24, speaker: 22, peer: 30, program: 30, task: 30, session: 26, pipe: 8, network: 18 };
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
  return { rows, of, height: y + 12 };
}

function levelName(name) {
  return { 'level in': 'unread, to speaker', 'level out': 'unread, from speaker', 'window in': 'window, to speaker', 'window out': 'window, from speaker' }[name];
}

class Drawing {
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
    this.readColours();
  }

  readColours() {
    const style = getComputedStyle(document.documentElement);
    this.colour = {};
    for (const name of ['paper', 'ink', 'muted', 'line', 'band', 'wait', 'waitink', 'turn', 'idle', 'timer', 'level', 'window', 'message', 'command', 'fault', 'chain', 'alarm', 'found', 'select', 'lost', 'differ', 'idlestate', 'opening', 'established', 'stateink']) this.colour[name] = style.getPropertyValue(`--${name}`).trim();
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
    this.arrows();
    this.finds();
    this.chain();
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
        c.fillText(`${row.title.head.reactor || row.title.head.name}: ${end ? end.summary : 'cut short'}`, 10, row.y + 16);
        continue;
      }
      const lane = this.scene.lanes[row.lane];
      c.fillStyle = lane.is === 'machine' ? colour.band : colour.paper;
      c.fillRect(0, row.y, this.names, row.end - row.y - 1);
      const deep = { machine: 10, network: 10, speaker: 20, peer: 20, program: 20 }[lane.is] || 32;
      const strong = ['machine', 'speaker', 'peer', 'program'].includes(lane.is);
      c.font = `${strong ? '600 ' : ''}12px system-ui, sans-serif`;
      c.fillStyle = colour.ink;
      const first = row.parts.length && row.height < 12 ? row.y + 13 : row.y + row.height / 2;
      this.text(shortName(this.scene.lanes, row.lane), deep, first, this.names - deep - 6);
      c.font = '11px system-ui, sans-serif';
      c.fillStyle = colour.muted;
      for (const part of row.parts) {
        if (row.height < 12 && part === row.parts[0] && row.parts.length === 1) {
          continue;
        }
        this.text(part.name, deep + 12, part.y + part.height / 2 + (row.height < 12 ? 6 : 0), this.names - deep - 18);
      }
    }
    c.fillStyle = colour.line;
    c.fillRect(this.names, this.scroll, 1, this.height);
  }

  /** A text, cut to a width. */
  text(text, x, y, width) {
    const { context: c } = this;
    let shown = text;
    if (text.length * 3 > width && c.measureText(text).width > width) {
      let [low, high] = [0, Math.min(text.length, Math.ceil(width / 3))];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (c.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
        else high = middle - 1;
      }
      shown = low > 0 ? `${text.slice(0, low)}…` : '';
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
    for (const t of scale.ticks(86)) {
      const x = scale.x(t);
      const label = seconds(t);
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
      const whose = this.scene.logs.length > 1 ? `${log.head.reactor}: ` : '';
      if (!end) {
        moments.push({ t: log.until, tone: 'muted', dashed: true, text: `${whose}cut short here` });
        continue;
      }
      const hangs = end.verdict !== 'pass';
      moments.push({ t: end.at, tone: hangs ? 'alarm' : 'established', text: `${whose}${end.summary.replace(/^hangs: /, '')}` });
      if (end.lost !== null && end.lost !== undefined) {
        moments.push({ t: end.lost, tone: 'alarm', dashed: true, text: 'point of no return' });
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
      const left = Math.min(Math.max(this.names + 2, x - width / 2), this.width - width - 2);
      if (taken.some(([from, to]) => left < to && left + width > from)) continue;
      taken.push([left, left + width]);
      c.fillStyle = colour[tone];
      c.fillRect(left, 1, width, 16);
      c.fillStyle = colour.paper;
      c.fillText(text, left + 4, 9.5);
    }
  }

  faults() {
    const { context: c, colour, scale } = this;
    c.font = '600 11px system-ui, sans-serif';
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
      const [top] = this.extent(fault.lane);
      if (top === null) continue;
      c.fillStyle = colour.fault;
      const left = Math.max(x + 5, this.names + 6);
      this.text(fault.text, left, top + 10, Math.max(140, width - 8));
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
    let drawn = -Infinity;
    const later = [];
    const first = scale.begin - 8;
    for (const bar of bars) {
      if (bar.from > this.until) break;
      if (bar.to < this.from) continue;
      const turn = bar.kind === 'turn' || bar.kind === 'idle';
      if (!kinds.has(turn ? 'turn' : bar.kind)) continue;
      const x = Math.max(scale.x(bar.from), first);
      const right = Math.min(scale.x(bar.to), this.width);
      if (turn) {
        if (x > drawn + 0.7 || right > drawn + 0.7) later.push([x, Math.max(1.2, right - x), bar.kind]);
        drawn = Math.max(drawn, right, x);
        continue;
      }
      const width = right - x;
      if (width < 0.4) continue;
      c.fillStyle = bar.kind === 'state' ? this.stateColour(bar.text) : colour.wait;
      c.fillRect(x, top, Math.max(1, width - 0.6), height);
      if (width > 30) {
        c.font = '11px system-ui, sans-serif';
        c.fillStyle = bar.kind === 'state' ? colour.stateink : colour.waitink;
        this.text(bar.kind === 'wait' ? waitWords(bar.text) : bar.text, x + 5, top + height / 2, width - 9);
      }
    }
    for (const [x, width, kind] of later) {
      c.fillStyle = kind === 'turn' ? colour.turn : colour.idle;
      c.fillRect(x, top + height - 5, width, 6);
    }
  }

  stateColour(state) {
    if (state === 'Established') return this.colour.established;
    return state === 'Idle' || state === 'Active' ? this.colour.idlestate : this.colour.opening;
  }

  timers(part) {
    const { context: c, colour, scale } = this;
    const bottom = part.y + part.height - 2;
    let drawn = -Infinity;
    for (const one of part.timer) {
      if (one.from > this.until) break;
      if (one.to < this.from) continue;
      const [x, right] = [scale.x(one.from), scale.x(one.to)];
      if (right < drawn + 0.8) continue;
      drawn = right;
      const all = one.deadline - one.from;
      const left = all > 0 ? Math.max(0, (one.deadline - one.to) / all) : 0;
      c.fillStyle = colour.timer;
      c.beginPath();
      c.moveTo(x, bottom);
      c.lineTo(x, bottom - (part.height - 4));
      c.lineTo(right, bottom - (part.height - 4) * left);
      c.lineTo(right, bottom);
      c.fill();
      if (right - x > 60) {
        c.font = '10px system-ui, sans-serif';
        c.fillStyle = colour.ink;
        this.text(`until ${seconds(one.deadline)}`, Math.max(x + 4, this.names + 6), bottom - 5, right - x - 6);
      }
    }
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
    for (let at = 0; at < part.level.length; at += 1) {
      const one = part.level[at];
      const next = at + 1 < part.level.length ? part.level[at + 1].t : this.lastOf(one.event.lane);
      if (one.t > this.until) break;
      if (next < this.from) continue;
      const x = Math.max(scale.x(one.t), scale.begin - 8);
      const right = Math.min(scale.x(next), this.width);
      highest = Math.max(highest, one.octets);
      if (right < drawn + 0.5) continue;
      drawn = right;
      const height = highest ? Math.max(2, (tall * highest) / most) : 0;
      c.fillRect(x, bottom - height, Math.max(0.8, right - x), height);
      if (highest && right - x > 90 && x > labelled) {
        const fill = c.fillStyle;
        c.font = '10px system-ui, sans-serif';
        c.fillStyle = colour.ink;
        this.text(`${highest.toLocaleString('en')} octets`, Math.max(x + 24, this.names + 6), bottom - tall / 2, right - x - 28);
        c.fillStyle = fill;
        labelled = right;
      }
      highest = 0;
    }
  }

  lastOf(lane) {
    return this.scene.lanes[lane].log.until;
  }

  marks(row, marks) {
    const { context: c, colour, scale } = this;
    let drawn = -Infinity;
    for (const { t, event } of marks) {
      if (t > this.until) break;
      if (t < this.from) continue;
      const x = scale.x(t);
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
      } else if (event.kind === 'log') {
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

  /** Where arrows from and to a lane begin and end. */
  anchor(lane) {
    let at = lane;
    while (at >= 0 && !this.layout.of.has(at)) at = this.scene.lanes[at].of;
    const row = this.layout.of.get(at);
    return row ? row.y + Math.max(row.height, 18) / 2 : null;
  }

  arrows() {
    const { context: c, colour, scale, scene, kinds } = this;
    const labels = [];
    let drawn = new Map();
    c.font = '11px system-ui, sans-serif';
    for (const arrow of scene.arrows) {
      if (arrow.from > this.until) break;
      if ((arrow.to ?? arrow.from) < this.from) continue;
      const line = this.isLine(arrow);
      if (!kinds.has(line ? 'line' : 'message')) continue;
      const [y, far] = [this.anchor(arrow.lane), arrow.far >= 0 ? this.anchor(arrow.far) : null];
      if (y === null) continue;
      const x = scale.x(arrow.from);
      const key = `${arrow.lane} ${arrow.far}`;
      const tail = arrow.to === null ? x + 14 : scale.x(arrow.to);
      if (tail < (drawn.get(key) ?? -Infinity) + 1.5) continue;
      drawn.set(key, tail);
      this.arrow(x, y, tail, far ?? y, line ? colour.command : colour.message, arrow.to === null);
      labels.push({ x, y, tail, far: far ?? y, text: arrow.text, tone: line ? colour.command : colour.message, unread: arrow.to === null });
    }
    this.arrowLabels(labels);
  }

  isLine(arrow) {
    const is = (lane) => lane >= 0 && this.scene.lanes[lane].is === 'pipe';
    return is(arrow.lane) || is(arrow.far);
  }

  arrow(x, y, tail, far, tone, unread) {
    const { context: c } = this;
    c.strokeStyle = tone;
    c.fillStyle = tone;
    c.lineWidth = unread ? 2 : 1.4;
    c.setLineDash(unread ? [4, 3] : []);
    c.beginPath();
    c.moveTo(x, y);
    c.lineTo(tail, far);
    c.stroke();
    c.setLineDash([]);
    const angle = Math.atan2(far - y, tail - x);
    c.beginPath();
    if (unread) {
      c.arc(tail, far, 4, 0, 7);
      c.stroke();
      return;
    }
    c.moveTo(tail, far);
    c.lineTo(tail - 7 * Math.cos(angle - 0.4), far - 7 * Math.sin(angle - 0.4));
    c.lineTo(tail - 7 * Math.cos(angle + 0.4), far - 7 * Math.sin(angle + 0.4));
    c.fill();
  }

  /** What arrows say, wherever there is room for it; what was never read first. */
  arrowLabels(labels) {
    const { context: c, colour } = this;
    const taken = [];
    c.font = '11px system-ui, sans-serif';
    labels.sort((a, b) => Number(b.unread) - Number(a.unread));
    for (const label of labels.slice(0, 400)) {
      const text = `${label.text.length > 46 ? `${label.text.slice(0, 45)}…` : label.text}${label.unread ? ' (never read)' : ''}`;
      const width = c.measureText(text).width + 8;
      for (const share of [0.5, 0.3, 0.7, 0.15, 0.85]) {
        const x = label.x + (label.tail - label.x) * share + 6;
        const y = label.y + (label.far - label.y) * share;
        const box = [x, y - 8, x + width, y + 8];
        if (box[2] > this.width - 4 || box[0] < this.names) continue;
        if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
        taken.push(box);
        c.globalAlpha = 0.92;
        c.fillStyle = colour.paper;
        c.fillRect(box[0], box[1] + 1, width, 14);
        c.globalAlpha = 1;
        c.fillStyle = label.tone;
        c.fillText(text, x + 4, y);
        break;
      }
    }
  }

  finds() {
    const { context: c, colour, scale } = this;
    let drawn = -Infinity;
    c.fillStyle = colour.found;
    for (const event of this.found) {
      if (event.t > this.until) break;
      if (event.t < this.from) continue;
      const row = this.layout.of.get(event.lane);
      const x = scale.x(event.t);
      if (!row || x < drawn + 1) continue;
      drawn = x;
      c.fillRect(x - 1.5, row.y, 3, Math.max(row.height, 16));
    }
  }

  /** Who waits for whom: the waits in colour, and behind the end an arc from each to the next. */
  chain() {
    for (const log of this.scene.logs) if (log.end && log.end.chain.length) this.chainOf(log);
  }

  chainOf(log) {
    const { context: c, colour, scale } = this;
    const { chain, circle, at } = log.end;
    const end = scale.x(at);
    const places = chain.map((link) => (link.lane === null ? null : this.chainRow(link.lane + log.base)));
    const current = this.step;
    chain.forEach((link, index) => {
      const row = places[index];
      if (!row) return;
      const since = link.since === null ? end - 30 : Math.max(scale.x(link.since), scale.begin - 8);
      const strong = current < 0 || current === index;
      c.strokeStyle = colour.chain;
      c.globalAlpha = strong ? 1 : 0.35;
      c.lineWidth = current === index ? 3.5 : 2;
      c.strokeRect(since, row.y + 2, Math.max(6, end - since), Math.max(row.height, 16) - 4);
      // Where no bar says it, the link does.
      if (!['task', 'peer', 'program'].includes(this.scene.lanes[row.lane].is) && places.indexOf(row) === index && row.height > 12) {
        c.font = '11px system-ui, sans-serif';
        c.fillStyle = colour.chain;
        const room = end - since - 12;
        if (room > 60) this.text(`waits for ${link.what}`, since + 6, row.y + row.height / 2, room);
      }
      c.globalAlpha = 1;
    });
    const arcs = chain.map((_, index) => {
      const last = index + 1 === chain.length;
      return [index, last ? circle : index + 1];
    }).filter(([, to]) => to !== null && to !== undefined);
    const badge = (index) => [end + 14, places[index].y + Math.max(places[index].height, 16) / 2 + this.shift(places, index)];
    arcs.forEach(([from, to], order) => {
      if (!places[from] || !places[to]) return;
      const [x, y] = badge(from);
      const [, far] = badge(to);
      const strong = current < 0 || current === from;
      const out = x + 26 + Math.min(this.margin - 52, 14 + Math.abs(far - y) * 0.16 + order * 7);
      c.globalAlpha = strong ? 1 : 0.35;
      c.strokeStyle = colour.chain;
      c.fillStyle = colour.chain;
      c.lineWidth = current === from ? 3.5 : 2;
      const aim = far + (far < y ? 3 : -3);
      c.beginPath();
      c.moveTo(x + 10, y);
      c.bezierCurveTo(out, y, out, aim, x + 13, aim);
      c.stroke();
      c.beginPath();
      c.moveTo(x + 10, aim);
      c.lineTo(x + 18, aim - 4.5);
      c.lineTo(x + 18, aim + 4.5);
      c.fill();
      c.globalAlpha = 1;
    });
    c.font = '600 11px system-ui, sans-serif';
    c.textAlign = 'center';
    chain.forEach((_, index) => {
      if (!places[index]) return;
      const [x, y] = badge(index);
      c.fillStyle = colour.chain;
      c.beginPath();
      c.arc(x, y, current === index ? 11 : 9, 0, 7);
      c.fill();
      c.fillStyle = colour.paper;
      c.fillText(String(index + 1), x, y + 0.5);
    });
    c.textAlign = 'left';
  }

  /** Links on one row stand below one another. */
  shift(places, index) {
    const same = places.map((place, at) => [place, at]).filter(([place]) => place === places[index]).map(([, at]) => at);
    return (same.indexOf(index) - (same.length - 1) / 2) * 20;
  }

  chainRow(lane) {
    let at = lane;
    while (at >= 0 && !this.layout.of.has(at)) at = this.scene.lanes[at].of;
    return this.layout.of.get(at) || null;
  }

  selection() {
    const { context: c, colour, scale, selected } = this;
    if (!selected) return;
    const x = scale.x(selected.t);
    const row = this.layout.of.get(selected.lane);
    c.strokeStyle = colour.select;
    c.lineWidth = 1;
    c.beginPath();
    c.moveTo(x, this.scroll + TOP);
    c.lineTo(x, this.scroll + this.height);
    c.stroke();
    if (!row) return;
    c.lineWidth = 2.5;
    c.strokeRect(x - 5, row.y, 10, Math.max(row.height, 16));
  }
}
