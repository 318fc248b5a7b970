// Reads the log of a run out of the page, and makes of its lines what is drawn.

/** The lines of a log, which stand in the page packed (gzip, base64). */
async function unpack(element) {
  const text = atob(element.textContent.trim());
  const octets = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) octets[at] = text.charCodeAt(at);
  const stream = new Blob([octets]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).text();
}

/** What turns a line around, ends one or is not seen at all, as it stands in JSON: but for some, escaped. */
const HIDDEN = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\\u00([01][0-9a-f])/g;

/** The same written out. In JSON a backslash stands for itself only where there are two, and an escape behind such a one is none. */
function written(c, escaped, at, text) {
  let before = at;
  while (text[before - 1] === '\\') before -= 1;
  if (escaped !== undefined && (at - before) % 2) return c;
  return `\\\\u{${Number.parseInt(escaped || c.charCodeAt(0).toString(16), 16).toString(16)}}`;
}

/** One log: what was run, its lanes, its events and its end. `base`: how many lanes stand before its own. `shift`: how much later it is drawn. */
function readLog(text, base) {
  const log = { head: {}, lanes: [], events: [], end: null, base, shift: 0 };
  const place = new Map();
  const visible = text.replace(HIDDEN, written);
  for (const line of visible.split('\n')) {
    if (!line) continue;
    const one = JSON.parse(line);
    if (one.t !== undefined) {
      one.lane = place.get(one.who);
      one.far = one.with === undefined ? -1 : place.get(one.with);
      log.events.push(one);
    } else if (one.lane !== undefined) {
      place.set(one.lane, base + log.lanes.length);
      const of = one.of === undefined ? -1 : place.get(one.of);
      log.lanes.push({ name: one.lane, is: one.is, of, log });
    } else if (one.form !== undefined) {
      log.head = one;
    } else {
      log.end = one;
    }
  }
  const last = log.events.length ? log.events[log.events.length - 1].t : 0;
  log.until = Math.max(last, log.end ? log.end.at : 0);
  return log;
}

/** What an event says, in one line. */
function words(event, lanes) {
  const time = (nanos) => seconds(nanos);
  const until = (nanos) => (nanos === null || nanos === undefined ? '' : `, or ${time(nanos)}`);
  const far = event.far >= 0 ? lanes[event.far].name : '';
  switch (event.kind) {
    case 'turn': return `a turn of ${event.nanos} ns, woken by ${event.woken}${event.moved ? '' : '; nothing moved'}`;
    case 'call': return `${event.call}: ${event.outcome}`;
    case 'sent': return far ? `to ${far}: ${event.text}` : event.text;
    case 'arrived': return far ? `read, from ${far}: ${event.text}` : `read: ${event.text}`;
    case 'segment': return `${event.from} → ${event.to} ${event.flags}, ${event.octets} octets, window ${event.window}${event.arrives === null ? ': lost' : ''}`;
    case 'state': return `state ${event.state}`;
    case 'timer': return event.until === null ? `${event.timer} timer stopped` : `${event.timer} timer armed until ${time(event.until)}`;
    case 'wait': return `${waitWords(event.text)}${until(event.until)}`;
    case 'waited': return 'waits no more';
    case 'level': return `${event.octets} octets under way, ${event.way === 'in' ? 'to' : 'from'} the speaker`;
    case 'window': return `a window of ${event.octets} octets, ${event.way === 'in' ? 'to' : 'from'} the speaker`;
    case 'fault': return `fault: ${event.text}${event.until ? `, until ${time(event.until)}` : ''}`;
    case 'process': return event.text;
    case 'log': return `log: ${event.text}`;
    case 'alarm': return `${event.oracle} sounds: ${event.text} (${event.clause})`;
    default: return event.kind;
  }
}

/** A step of a script stands as it was written. */
function waitWords(text) {
  return text.startsWith('`') ? `at ${text}` : `waits for ${text}`;
}

/** A time as people read it. */
function seconds(nanos) {
  if (nanos === 0) return '0 s';
  const size = Math.abs(nanos);
  const [unit, name, places] =
    size < 1e3 ? [1, 'ns', 0] : size < 1e6 ? [1e3, 'µs', 1] : size < 1e9 ? [1e6, 'ms', 2] : [1e9, 's', 3];
  // Cut off, as everywhere else: nothing is said to be later than it was.
  const text = (Math.trunc(nanos / (unit / 10 ** places)) / 10 ** places).toFixed(places);
  return `${unit === 1e9 ? text : Number(text)} ${name}`;
}

/** The same, with as many places as tell it from another time. */
function secondsApart(nanos, apart) {
  const size = Math.abs(nanos);
  const [unit, name] = size < 1e6 ? [1e3, 'µs'] : size < 1e9 ? [1e6, 'ms'] : [1e9, 's'];
  const places = Math.max(0, Math.min(9, Math.ceil(-Math.log10(Math.max(apart, 1) / unit))));
  return nanos === 0 ? '0 s' : `${Number((nanos / unit).toFixed(places))} ${name}`;
}

/** When something was, by its own log's clock. */
function ownTime(event, lanes) {
  return event.t - lanes[event.lane].log.shift;
}

/** What tells one run from the other: its reactor, or its seed where that is the same. */
function runName(logs, { head }) {
  const isOne = logs.length === 2 && logs[0].head.reactor === logs[1].head.reactor;
  return isOne && head.seed !== undefined ? `seed ${head.seed}` : head.reactor || head.name;
}

/** What of a lane's name is not that of the one that it is part of. */
function shortName(lanes, index) {
  const lane = lanes[index];
  const of = lane.of >= 0 ? lanes[lane.of].name : '';
  return of && lane.name.startsWith(`${of}: `) ? lane.name.slice(of.length + 2) : lane.name;
}

/** Everything that is drawn, of one log or of two. */
function makeScene(logs) {
  const lanes = logs.flatMap((log) => log.lanes);
  const difference = logs.length === 2 ? firstDifference(logs[0], logs[1]) : null;
  if (difference) shift(logs[1], difference.shift);
  const events = logs.length === 1 ? logs[0].events : merged(logs[0].events, logs[1].events);
  const scene = { logs, lanes, events, difference, arrows: [], bars: lanes.map(() => []), timers: lanes.map(() => new Map()) };
  scene.levels = lanes.map(() => new Map());
  scene.marks = lanes.map(() => []);
  scene.faults = [];
  scene.over = [];
  scene.from = Math.min(0, ...logs.map((log) => log.shift));
  scene.until = Math.max(...logs.map((log) => log.until));
  logs.forEach((log) => gather(scene, log));
  scene.arrows.sort((a, b) => a.from - b.from);
  scene.arrowsOver = latest(scene.arrows, (arrow) => arrow.to ?? arrow.from);
  events.forEach((event, index) => { event.index = index; });
  return scene;
}

function merged(first, second) {
  const all = first.concat(second);
  return all.map((event, index) => [event, index]).sort((a, b) => a[0].t - b[0].t || a[1] - b[1]).map((one) => one[0]);
}

/** Makes intervals of events that begin and end, and arrows of messages. */
function gather(scene, log) {
  const { lanes } = scene;
  const { until, shift: by } = log;
  const waits = new Map();
  const sent = new Map();
  const states = new Map();
  const lives = new Map();
  for (const event of log.events) {
    const { lane, t } = event;
    switch (event.kind) {
      case 'wait': {
        const bar = { from: t, to: until, text: event.text, kind: 'wait', event, open: true };
        waits.set(event.id, bar);
        scene.bars[lane].push(bar);
        break;
      }
      case 'waited': {
        const bar = waits.get(event.id);
        if (bar) [bar.to, bar.open] = [t, false];
        break;
      }
      case 'turn':
        scene.bars[lane].push({ from: t, to: t + event.nanos, text: '', kind: event.moved ? 'turn' : 'idle', event });
        break;
      case 'state': {
        const before = states.get(lane);
        if (before) before.to = t;
        const bar = { from: t, to: until, text: event.state, kind: 'state', event };
        states.set(lane, bar);
        scene.bars[lane].push(bar);
        break;
      }
      case 'timer': {
        const list = scene.timers[lane].get(event.timer) || [];
        scene.timers[lane].set(event.timer, list);
        if (list.length) list[list.length - 1].to = Math.min(list[list.length - 1].to, t);
        if (event.until !== null) list.push({ from: t, to: Math.min(event.until + by, until), deadline: event.until + by, event });
        break;
      }
      case 'level':
      case 'window': {
        const name = `${event.kind} ${event.way}`;
        const list = scene.levels[lane].get(name) || [];
        scene.levels[lane].set(name, list);
        list.push({ t, octets: event.octets, event });
        break;
      }
      case 'sent': {
        const arrow = { from: t, to: null, lane, far: event.far, event, text: event.text };
        sent.set(event.id, arrow);
        scene.arrows.push(arrow);
        break;
      }
      case 'arrived': {
        const arrow = sent.get(event.id);
        if (arrow) [arrow.to, arrow.far, arrow.arrived] = [t, lane, event];
        break;
      }
      case 'fault':
        scene.faults.push({ from: t, to: event.until === null ? until : Math.max(t, event.until + by), lane, far: event.far, text: event.text, event });
        break;
      case 'process': {
        const before = lives.get(lane);
        if (before) before.to = Math.min(before.to, t);
        // A process that is stopped or over does nothing more for a while.
        if (/^(stopped|over)/.test(event.text)) {
          const bar = { from: t, to: until, text: event.text, kind: 'gone', event };
          lives.set(lane, bar);
          scene.bars[lane].push(bar);
        } else scene.marks[lane].push({ t, event });
        break;
      }
      case 'log':
      case 'alarm':
        scene.marks[lane].push({ t, event });
        break;
      case 'segment':
        if (event.arrives === null) scene.marks[lane].push({ t, event });
        break;
      default:
    }
  }
  for (let lane = log.base; lane < log.base + log.lanes.length; lane += 1) {
    const bars = scene.bars[lane].sort((a, b) => a.from - b.from);
    scene.bars[lane] = log.lanes[lane - log.base].is === 'task' ? joined(bars) : bars;
    scene.over[lane] = latest(scene.bars[lane], (bar) => bar.to);
    for (const bar of scene.bars[lane].filter((one) => one.kind === 'gone')) {
      const fault = scene.faults.find((one) => one.lane === lane && Math.abs(one.from - bar.from) < 1e6);
      if (fault) bar.text = `${bar.text}: ${fault.text}`;
    }
  }
  // What never filled up and windows that never got small are not worth a row.
  for (let lane = log.base; lane < log.base + log.lanes.length; lane += 1) {
    const of = scene.levels[lane];
    for (const [name, list] of of) {
      const sizes = list.map((one) => one.octets);
      list.most = sizes.reduce((a, b) => Math.max(a, b), 0);
      const least = sizes.reduce((a, b) => Math.min(a, b), Infinity);
      const dull = name.startsWith('window') ? least > list.most / 4 : list.most < 1000 && !sizes[sizes.length - 1];
      if (dull) of.delete(name);
    }
  }
}

/**
 * Where two runs stop being the same: the first message, state or end of a process that one has and the other has not. When it was does not
 * count: with `shift` added to the times of the second, the last thing that both have is at one time.
 */
function firstDifference(left, right) {
  const tells = (log) => log.events.filter((event) => ['sent', 'arrived', 'state', 'process', 'alarm'].includes(event.kind));
  const plain = (event) => event && `${event.who} ${event.kind} ${event.text || event.state}`;
  const [ours, theirs] = [tells(left), tells(right)];
  let at = 0;
  while (at < ours.length && plain(ours[at]) === plain(theirs[at])) at += 1;
  const [a, b] = [ours[at], theirs[at]];
  if (!a && !b) return null;
  const by = at ? ours[at - 1].t - theirs[at - 1].t : 0;
  return { t: Math.min(a ? a.t : Infinity, b ? b.t + by : Infinity), left: a || null, right: b || null, shift: by };
}

/** Draws a log so much later than it was. */
function shift(log, by) {
  log.shift = by;
  log.until += by;
  for (const event of log.events) event.t += by;
}

/** Waits that begin in one turn and end together are one: whichever comes first ends it. */
function joined(bars) {
  const kept = [];
  for (const bar of bars) {
    const before = bar.kind === 'wait' && kept.findLast((one) => one.kind === 'wait');
    if (before && before.to === bar.to && before.open === bar.open && bar.from - before.began < 5e3) {
      // A deadline is told last.
      before.text = before.text === 'its deadline' ? `${bar.text}, or ${before.text}` : `${before.text}, or ${bar.text}`;
    } else {
      kept.push(bar);
      bar.began = bar.from;
    }
  }
  return kept;
}

/** For each, the latest end of it and of those before it: what is over by then need not be looked at. */
function latest(items, end) {
  let most = -Infinity;
  return Float64Array.from(items, (item) => { most = Math.max(most, end(item)); return most; });
}
