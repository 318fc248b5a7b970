// The page: what is asked for by mouse and keyboard, and what stands beside the drawing.

const KINDS = {
  message: 'messages', line: 'commands and answers', wait: 'waits', turn: 'turns', state: 'states', timer: 'timers', level: 'buffers and windows', fault: 'faults', mark: 'alarms, logs, losses',
};
const bar = (kind, is = () => true) => (scene) => scene.bars.some((bars) => bars.some((one) => one.kind === kind && is(one.text)));
const mark = (is) => (scene) => scene.marks.some((marks) => marks.some(({ event }) => is(event)));
const arrow = (is) => (scene, drawing) => scene.arrows.some((one) => is(one, drawing.isLine(one)));
const part = (of, name) => (scene) => scene[of].some((parts) => [...parts.keys()].some((key) => key.startsWith(name)));
/** What a colour means, where it is drawn, and as what. */
const LEGEND = [
  ['wait', 'waits', bar('wait')],
  ['turn', 'a turn in which something moved', bar('turn')],
  ['idle', 'a turn in which nothing moved', bar('idle')],
  ['idlestate', 'a session that is down', bar('state', isDown)],
  ['opening', 'a session that comes up', bar('state', (state) => state !== 'Established' && !isDown(state))],
  ['established', 'an established session', bar('state', (state) => state === 'Established')],
  ['timer', 'a timer, shrinking to its deadline', part('timers', '')],
  ['level', 'octets that nobody has read yet', part('levels', 'level')],
  ['window', 'a receiver’s window', part('levels', 'window')],
  ['message', 'a message', arrow((_, isLine) => !isLine)],
  ['command', 'a command or an answer', arrow((_, isLine) => isLine)],
  ['message', 'a message that nobody read', arrow((one) => one.to === null), 'dashed'],
  ['fault', 'a fault', (scene) => scene.faults.length > 0],
  ['gone', 'a process that is stopped or over', bar('gone')],
  ['chain', 'who waits for whom', (scene) => scene.logs.some(({ end }) => end && end.chain.length)],
  ['alarm', 'an alarm', mark((event) => event.kind === 'alarm'), 'diamond'],
  ['ink', 'something happens to a process', mark((event) => event.kind === 'process' && event.text !== 'started'), 'diamond'],
  ['muted', 'a line of a log, or a start', mark((event) => event.kind === 'log' || event.text === 'started'), 'tick'],
  ['lost', 'a packet is lost', mark((event) => event.kind === 'segment'), 'cross'],
];
const ROWS = 400;
const $ = (id) => document.getElementById(id);

class Page {
  constructor(scene) {
    this.scene = scene;
    this.scale = new Scale(scene.events, scene.from, scene.until);
    this.drawing = new Drawing($('canvas'), scene, this.scale);
    this.table = false;
    this.isPrinted = false;
    this.pending = false;
    this.text = null;
    this.describe();
    this.filters();
    this.listen();
    this.resize();
    this.fromAddress();
  }

  describe() {
    const [log] = this.scene.logs;
    const { head, end } = log;
    $('title').textContent = [head.name, head.reactor && `on ${head.reactor}`, head.seed !== null && head.seed !== undefined && `seed ${head.seed}`].filter(Boolean).join(' · ');
    document.title = `${head.name} ${head.reactor || ''}`.trim();
    $('lead').textContent = head.title;
    $('again').hidden = !head.again;
    $('command').textContent = head.again;
    for (const one of this.scene.logs.filter((each) => !each.end)) {
      note(`The log of ${one.head.name || 'this run'} is cut short at ${seconds(one.until - one.shift)}: what came after that is not known.`);
    }
    $('verdict').textContent = end ? `${end.summary} at ${seconds(end.at)}` : 'cut short';
    $('verdict').classList.toggle('bad', !end || !['pass', 'recorded', 'n/a', 'undecided'].includes(end.verdict));
    const why = end ? end.why.split('\n').map((line) => line.trim()) : [];
    const chain = end ? end.chain : [];
    // The chain says it step by step; where there is none, this is all that is said.
    const because = chain.length ? why.findIndex((line) => line.startsWith('because')) : -1;
    // Where `why` was asked, it says what could have saved the run.
    const saving = why.filter((line) => /^(before|then|after|but|nearest) /.test(line));
    const missing = why.slice(0, because < 0 ? why.length : because).filter((line) => !saving.includes(line));
    $('missing').textContent = [missing, saving].map((lines) => lines.map((line) => line.replace(/  +/, ' ')).join('\n')).filter(Boolean).join('\n\n');
    chain.forEach((link, index) => {
      const item = document.createElement('li');
      const button = document.createElement('button');
      button.type = 'button';
      const number = document.createElement('span');
      number.textContent = index + 1;
      const sentence = document.createElement('span');
      const since = link.since === null ? '' : ` since ${seconds(link.since)}`;
      sentence.textContent = `${link.who} waits${since} for ${link.what}`;
      button.append(number, sentence);
      button.addEventListener('click', () => this.go(index));
      item.append(button);
      $('chain').append(item);
    });
    $('ending').textContent = end ? end.ending : '';
    if (this.scene.difference) {
      const { t, left, right, shift: by } = this.scene.difference;
      const told = (event) => (event ? `${this.scene.lanes[event.lane].name}: ${words(event, this.scene.lanes)}` : 'nothing more');
      const names = this.scene.logs.map((one) => runName(this.scene.logs, one));
      const set = by ? ` The second is set ${seconds(Math.abs(by))} ${by > 0 ? 'later' : 'earlier'}, so that this is at one place.` : '';
      $('missing').textContent += `\n\nThe two runs part at ${seconds(t)}.${set}\n${names[0]}: ${told(left)}\n${names[1]}: ${told(right)}`;
    }
    if (this.scene.logs.length === 2 && !this.scene.difference) $('missing').textContent += '\n\nThe two runs tell the same.';
    $('missing').textContent = $('missing').textContent.trim();
    $('steps').hidden = !chain.length;
    for (const [tone, text, isDrawn, shape] of LEGEND) {
      if (!isDrawn(this.scene, this.drawing)) continue;
      const item = document.createElement('li');
      const sample = document.createElement('i');
      sample.style.setProperty('--tone', `var(--${tone})`);
      if (shape) sample.className = shape;
      item.append(sample, text);
      $('legend').append(item);
    }
  }

  filters() {
    const box = (into, text, checked, change) => {
      const label = document.createElement('label');
      const input = document.createElement('input');
      input.type = 'checkbox';
      input.checked = checked;
      input.addEventListener('change', () => { change(input.checked); this.lay(); });
      label.append(input, ` ${text}`);
      into.append(label);
    };
    for (const [kind, text] of Object.entries(KINDS)) {
      box($('kinds'), text, true, (on) => { if (on) this.drawing.kinds.add(kind); else this.drawing.kinds.delete(kind); });
    }
    this.scene.lanes.forEach((lane, index) => {
      // What travels as such is shown on request; where something is lost, it is worth a row.
      const quiet = lane.is === 'network' && !this.scene.marks[index].some(({ event }) => event.kind === 'segment');
      const chained = lane.log.end && lane.log.end.chain.some((link) => link.lane !== null && link.lane + lane.log.base === index);
      const busy = this.scene.bars[index].some((bar) => bar.open && !/^(a signal|the end of|a connection)/.test(bar.text));
      const idle = lane.is === 'task' && !chained && !busy;
      if (quiet || idle) this.drawing.hidden.add(index);
      box($('actors'), this.whose(lane), !this.drawing.hidden.has(index), (on) => { if (on) this.drawing.hidden.delete(index); else this.drawing.hidden.add(index); });
    });
    this.drawing.layout = layOut(this.scene, this.drawing.hidden);
  }

  /** The name of a lane, and of which of two runs it is. */
  whose(lane) {
    const { logs } = this.scene;
    return logs.length === 2 ? `${runName(logs, lane.log)}: ${lane.name}` : lane.name;
  }

  lay() {
    this.drawing.layout = layOut(this.scene, this.drawing.hidden);
    this.resize();
  }

  resize() {
    if (this.isPrinted) return;
    const scroll = $('scroll');
    if (!this.table) {
      this.drawing.resize(scroll.clientWidth, scroll.clientHeight);
      $('spacer').style.height = `${Math.max(0, this.drawing.layout.height - scroll.clientHeight)}px`;
    }
    this.paint();
  }

  /** On paper it is light, and all lanes are there at once; nobody waits for the next frame. */
  print(isBegun) {
    this.drawing.readColours();
    this.isPrinted = isBegun;
    if (!isBegun) this.resize();
    else if (!this.table) {
      this.drawing.scroll = 0;
      this.drawing.resize(this.drawing.width, this.drawing.layout.height);
      this.drawing.draw();
    }
  }

  /** Draws once, however much has changed by the next frame. */
  paint() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      if (this.table) this.fill();
      else {
        this.drawing.scroll = $('scroll').scrollTop;
        this.drawing.draw();
      }
      document.documentElement.dataset.painted = String(Number(document.documentElement.dataset.painted || 0) + 1);
    });
  }

  listen() {
    const scroll = $('scroll');
    new ResizeObserver(() => this.resize()).observe(scroll);
    scroll.addEventListener('scroll', () => this.paint());
    scroll.addEventListener('wheel', (event) => {
      const fits = this.drawing.layout.height <= scroll.clientHeight;
      if (event.ctrlKey || event.metaKey || (fits && !event.deltaX)) {
        event.preventDefault();
        this.scale.zoom(1.0018 ** event.deltaY, event.offsetX);
      } else if (event.deltaX || event.shiftKey) {
        event.preventDefault();
        this.scale.pan(event.deltaX || event.deltaY);
      } else return;
      this.paint();
    }, { passive: false });
    this.listenToPointer(scroll);
    document.addEventListener('keydown', (event) => this.key(event));
    window.addEventListener('hashchange', () => this.fromAddress());
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', () => { this.drawing.readColours(); this.paint(); });
    matchMedia('print').addEventListener('change', ({ matches }) => this.print(matches));
    $('in').addEventListener('click', () => this.zoom(0.6));
    $('out').addEventListener('click', () => this.zoom(1 / 0.6));
    $('all').addEventListener('click', () => this.all());
    $('even').addEventListener('click', () => this.even());
    $('astable').addEventListener('click', () => this.asTable());
    $('next').addEventListener('click', () => this.walk(1));
    $('before').addEventListener('click', () => this.walk(-1));
    $('copy').addEventListener('click', () => this.copy());
    $('search').addEventListener('input', () => this.search());
    $('search').addEventListener('keydown', (event) => { if (event.key === 'Enter') this.nextFound(event.shiftKey ? -1 : 1); });
  }

  listenToPointer(scroll) {
    let held = null;
    let moved = 0;
    scroll.addEventListener('pointerdown', (event) => {
      [held, moved] = [event, 0];
    });
    scroll.addEventListener('pointermove', (event) => {
      if (!held || !(event.buttons & 1)) return;
      moved += Math.abs(event.movementX) + Math.abs(event.movementY);
      this.scale.pan(-event.movementX);
      scroll.scrollTop -= event.movementY;
      this.paint();
    });
    scroll.addEventListener('pointerup', (event) => {
      if (held && moved < 5) this.click(event);
      held = null;
    });
  }

  /** Takes the command that plays the run again. Where the browser gives no clipboard, it is selected. */
  async copy() {
    window.getSelection().selectAllChildren($('command'));
    try {
      await navigator.clipboard.writeText($('command').textContent);
      $('copy').textContent = 'copied';
    } catch {
      $('copy').textContent = 'selected: press Ctrl+C';
    }
  }

  key(event) {
    if (event.target instanceof HTMLInputElement && event.target.type === 'search') {
      if (event.key === 'Escape') $(this.table ? 'tableview' : 'scroll').focus();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // What scrolls by itself goes on to.
    if (/^Arrow(Up|Down)$/.test(event.key) && event.target.closest('aside, details, #tableview')) return;
    const act = {
      ArrowLeft: () => this.move(-0.15), ArrowRight: () => this.move(0.15), '+': () => this.zoom(0.6), '=': () => this.zoom(0.6), '-': () => this.zoom(1 / 0.6),
      0: () => this.all(), n: () => this.stroll(1), p: () => this.stroll(-1), ']': () => this.walk(1), '[': () => this.walk(-1), e: () => this.even(), t: () => this.asTable(),
      ArrowUp: () => this.climb(-1), ArrowDown: () => this.climb(1), '/': () => $('search').focus(), Escape: () => this.escape(), '?': () => { $('help').open = !$('help').open; },
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** Closes what is open; else nothing is selected any more. */
  escape() {
    const open = document.querySelector('details[open]');
    if (open) {
      open.open = false;
      open.querySelector('summary').focus();
    } else this.select(null);
  }

  move(share) {
    this.scale.pan(share * this.scale.width);
    this.paint();
  }

  zoom(factor) {
    const { selected } = this.drawing;
    const { begin, width } = this.scale;
    const at = selected ? this.scale.x(selected.t) : begin + width / 2;
    this.scale.zoom(factor, at >= begin && at <= begin + width ? at : begin + width / 2);
    this.paint();
  }

  all() {
    this.scale.show(0, 1);
    this.paint();
  }

  even() {
    const [from, to] = [this.scale.time(this.scale.left), this.scale.time(this.scale.right)];
    const whole = this.scale.right - this.scale.left > 0.999;
    this.scale.even = !this.scale.even;
    this.scale.settle(this.scene);
    if (!whole) this.scale.show(this.scale.place(from), this.scale.place(to));
    $('even').setAttribute('aria-pressed', String(this.scale.even));
    this.paint();
  }

  /** The link of the chain that is looked at. */
  go(index) {
    const [{ end }] = this.scene.logs;
    this.drawing.step = index;
    [...$('chain').children].forEach(({ firstChild: button }, at) => {
      if (at === index) button.setAttribute('aria-current', 'step');
      else button.removeAttribute('aria-current');
    });
    const link = end && end.chain[index];
    if (link) {
      $('chain').children[index].scrollIntoView({ block: 'nearest' });
      const row = link.lane === null ? null : this.drawing.chainRow(link.lane);
      if (row) this.reveal(row);
      const since = link.since === null ? end.at : link.since;
      if (this.scale.place(since) < this.scale.left || this.scale.place(end.at) > this.scale.right) this.scale.show(Math.max(0, this.scale.place(since) - 0.05), Math.min(1, this.scale.place(end.at) + 0.02));
    }
    this.paint();
  }

  walk(by) {
    const count = $('chain').children.length;
    if (count) this.go(Math.min(count - 1, Math.max(0, this.drawing.step + by)));
  }

  isShown(event) {
    if (this.drawing.hidden.has(event.lane)) return false;
    const { kinds } = this.drawing;
    const of = { wait: 'wait', waited: 'wait', turn: 'turn', call: 'turn', state: 'state', timer: 'timer', level: 'level', window: 'level', fault: 'fault' }[event.kind];
    if (of) return kinds.has(of);
    if (event.kind === 'sent' || event.kind === 'arrived') return kinds.has(this.drawing.isLine({ lane: event.lane, far: event.far }) ? 'line' : 'message');
    return kinds.has('mark');
  }

  stroll(by) {
    // The table of what was found has no other rows.
    if (this.table && this.drawing.found.length) {
      this.nextFound(by);
      return;
    }
    const { events } = this.scene;
    let at = this.drawing.selected ? this.drawing.selected.index + by : below(events.map((one) => one.t), this.scale.time(this.scale.left));
    while (events[at] && !this.isShown(events[at])) at += by;
    if (events[at]) this.select(events[at], true);
  }

  /** To what happened next to the selected moment on the lane above or below; where nothing is selected, the drawing moves. */
  climb(by) {
    const { drawing, scene } = this;
    const { selected } = drawing;
    if (!selected) {
      $('scroll').scrollTop += by * 40;
      return;
    }
    const lanes = drawing.layout.rows.map((row) => row.lane).filter((lane) => lane >= 0);
    const distance = (event) => Math.abs(event.t - selected.t);
    for (let at = lanes.indexOf(selected.lane) + by; at >= 0 && at < lanes.length; at += by) {
      const own = scene.events.filter((event) => event.lane === lanes[at] && this.isShown(event));
      if (own.length) {
        this.select(own.reduce((best, event) => (distance(event) < distance(best) ? event : best)), true);
        return;
      }
    }
  }

  select(event, follow) {
    this.drawing.selected = event;
    const into = $('event');
    into.replaceChildren();
    if (!event) into.textContent = 'Select something: click it, or press n.';
    else {
      this.tell(into, event);
      history.replaceState(null, '', `#t=${(event.t / 1e9).toFixed(9).replace(/\.?0+$/, '')}s`);
      if (follow) this.follow(event);
    }
    this.paint();
  }

  follow(event) {
    const place = this.scale.place(event.t);
    const span = this.scale.right - this.scale.left;
    if (place < this.scale.left || place > this.scale.right) this.scale.show(place - span / 2, place + span / 2);
    const row = this.drawing.layout.of.get(event.lane);
    if (row) this.reveal(row);
  }

  reveal(row) {
    const scroll = $('scroll');
    if (row.y - TOP < scroll.scrollTop) scroll.scrollTop = row.y - TOP;
    if (row.end > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = row.end - scroll.clientHeight;
  }

  tell(into, event) {
    const { lanes } = this.scene;
    const add = (tag, text) => {
      const element = document.createElement(tag);
      element.textContent = text;
      into.append(element);
    };
    add('time', `${(ownTime(event, lanes) / 1e9).toFixed(9)} s`);
    const line = document.createElement('p');
    const who = document.createElement('b');
    who.textContent = this.whose(lanes[event.lane]);
    line.append(who, `: ${words(event, lanes)}`);
    into.append(line);
    if (event.detail) add('pre', event.detail);
    if (event.kind === 'sent') {
      const arrow = this.scene.arrows.find((one) => one.event === event);
      add('p', arrow && arrow.to !== null ? `${event.octets} octets, read after ${seconds(arrow.to - event.t)}` : `${event.octets} octets, never read`);
    }
    if (event.kind === 'arrived') {
      const arrow = this.scene.arrows.find((one) => one.arrived === event);
      if (arrow) add('p', `sent at ${seconds(ownTime(arrow.event, lanes))}`);
      if (arrow && arrow.event.detail) add('pre', arrow.event.detail);
    }
  }

  click(pointer) {
    const y = pointer.offsetY + (pointer.target === $('canvas') ? $('scroll').scrollTop : 0);
    this.select(this.nearest(pointer.offsetX, y));
  }

  /** What is drawn at a place: an arrow that goes through it, or what is nearest on the row. */
  nearest(x, y) {
    const { drawing, scale, scene } = this;
    let best = null;
    let least = 7;
    for (const arrow of scene.arrows) {
      if (arrow.from > drawing.until) break;
      const from = [scale.x(arrow.from), drawing.anchor(arrow.lane)];
      const to = [arrow.to === null ? from[0] + 14 : scale.x(arrow.to), arrow.far >= 0 ? drawing.anchor(arrow.far) : from[1]];
      const distance = fromLine(x, y, from, to);
      if (distance < least && this.isShown(arrow.event)) [best, least] = [arrow.event, distance];
    }
    if (best) return best;
    const row = drawing.layout.rows.find((one) => one.lane >= 0 && y >= one.y && y < one.end);
    if (!row) return null;
    for (const { t, event } of scene.marks[row.lane]) if (Math.abs(scale.x(t) - x) < 6) return event;
    const fault = scene.faults.find((one) => one.lane === row.lane && scale.x(one.from) <= x && x <= scale.x(one.to) + 2);
    const t = scale.timeAt(x);
    const part = row.parts.find((one) => y >= one.y && y < one.y + one.height);
    const list = part ? part.timer || part.level : null;
    if (list) {
      const before = list.filter((one) => (one.from ?? one.t) <= t);
      return before.length ? before[before.length - 1].event : null;
    }
    const bars = scene.bars[row.lane].filter((bar) => scale.x(bar.from) - 3 <= x && x <= scale.x(bar.to) + 3);
    const turns = bars.filter((bar) => bar.kind === 'turn' || bar.kind === 'idle');
    const low = y > row.y + row.height - 9;
    const chosen = (low && turns[0]) || bars.find((bar) => !turns.includes(bar)) || turns[0];
    return chosen ? chosen.event : fault ? fault.event : null;
  }

  search() {
    const wanted = $('search').value.trim().toLowerCase();
    const { events, lanes } = this.scene;
    if (wanted && !this.text) this.text = events.map((event) => `${lanes[event.lane].name} ${event.kind} ${words(event, lanes)} ${event.detail || ''}`.toLowerCase());
    this.drawing.found = wanted ? events.filter((event, index) => this.text[index].includes(wanted)) : [];
    $('hits').textContent = wanted ? `${this.drawing.found.length} found` : '';
    this.paint();
  }

  nextFound(by) {
    const { found, selected } = this.drawing;
    if (!found.length) return;
    const now = selected ? selected.index : -1;
    const next = by > 0 ? found.find((event) => event.index > now) || found[0] : found.findLast((event) => event.index < now) || found[found.length - 1];
    this.select(next, true);
    $('hits').textContent = `${found.indexOf(next) + 1} of ${found.length}`;
  }

  asTable() {
    this.table = !this.table;
    $('astable').setAttribute('aria-pressed', String(this.table));
    $('tableview').hidden = !this.table;
    $('scroll').hidden = this.table;
    if (this.table) $('tableview').focus();
    this.resize();
  }

  /** What is shown, as rows: what was found where something is searched for, else what the drawing shows. */
  fill() {
    const { scene, scale, drawing } = this;
    const [from, until] = [scale.time(scale.left), scale.time(scale.right)];
    const all = $('search').value.trim() ? drawing.found : scene.events.filter((event) => event.t >= from && event.t <= until && this.isShown(event));
    const table = document.createElement('table');
    const caption = table.createCaption();
    // Around what is selected, where there are more than a table should have.
    const at = drawing.selected ? all.indexOf(drawing.selected) : -1;
    const first = at < ROWS ? 0 : Math.min(at - ROWS / 2, all.length - ROWS);
    const shown = all.slice(first, first + ROWS);
    caption.textContent = all.length > ROWS ? `${first + 1} to ${first + shown.length} of ${all.length} events: zoom in, filter or search to see the others` : `${all.length} events`;
    const head = table.createTHead().insertRow();
    for (const text of ['time', 'who', 'what']) {
      const cell = document.createElement('th');
      cell.scope = 'col';
      cell.textContent = text;
      head.append(cell);
    }
    const body = table.createTBody();
    for (const event of shown) {
      const row = body.insertRow();
      row.insertCell().textContent = `${(ownTime(event, scene.lanes) / 1e9).toFixed(9)} s`;
      row.insertCell().textContent = this.whose(scene.lanes[event.lane]);
      row.insertCell().textContent = words(event, scene.lanes);
      if (event === drawing.selected) row.setAttribute('aria-current', 'true');
      row.addEventListener('click', () => this.select(event));
    }
    $('tableview').replaceChildren(table);
    table.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
  }

  /** `#t=7.0s`, `#t=20ms`: the moment that a link leads to. */
  fromAddress() {
    const match = /^#t=(\d+\.?\d*)(ns|us|ms|s)?$/.exec(location.hash);
    if (!match) {
      if (location.hash) note(`“${location.hash}” is no moment of this run: one is written as #t=7.0s.`);
      return;
    }
    const t = Number(match[1]) * { ns: 1, us: 1e3, ms: 1e6, s: 1e9 }[match[2] || 's'];
    const { events } = this.scene;
    let best = null;
    for (const event of events) {
      if (this.isShown(event) && (!best || Math.abs(event.t - t) < Math.abs(best.t - t))) best = event;
    }
    if (best && (!this.drawing.selected || Math.abs(this.drawing.selected.t - t) > 0.5)) this.select(best, true);
  }
}

/** Says something above everything else, once. */
function note(text) {
  if ([...$('notes').children].some((line) => line.textContent === text)) return;
  const line = document.createElement('div');
  line.textContent = text;
  $('notes').append(line);
  $('notes').hidden = false;
}

/** How far a point is from the line between two others. */
function fromLine(x, y, [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const share = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x - ax - share * dx, y - ay - share * dy);
}

(async () => {
  try {
    const logs = [];
    for (const element of [$('log'), $('beside')]) {
      if (!element.textContent.trim()) continue;
      logs.push(readLog(await unpack(element), logs.length ? logs[0].lanes.length : 0));
    }
    window.page = new Page(makeScene(logs));
    document.documentElement.dataset.ready = 'true';
  } catch (error) {
    note(`This log cannot be drawn: ${error.message}`);
    document.documentElement.dataset.ready = 'failed';
  }
})();
