// Pictures of runs in a real Chromium: what they show, how fast they are, and their screenshots.
//
//     node .ci/pictures.mjs test FOLDER       tests the pages in FOLDER
//     node .ci/pictures.mjs shoot FOLDER OUT  writes screenshots of them to OUT
//
// PLAYWRIGHT is a folder in which playwright-core is installed, CHROMIUM the browser. `.ci/run pictures` makes the pages and calls this.

import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const { chromium } = createRequire(join(resolve(process.env.PLAYWRIGHT), 'x.js'))('playwright-core');
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const [verb, folder, out] = process.argv.slice(2);

/** Opens a page of the folder, without a network; what is said on the console, and what it asked for. */
async function open(context, name, hash = '') {
  const page = await context.newPage();
  const said = [];
  const asked = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('request', (request) => { if (!/^(file|data):/.test(request.url())) asked.push(request.url()); });
  page.on('dialog', (dialog) => { said.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  const began = Date.now();
  await page.goto(pathToFileURL(resolve(folder, name)).href + hash);
  await page.waitForFunction(() => document.documentElement.dataset.ready && document.documentElement.dataset.painted);
  return { page, said, asked, took: Date.now() - began };
}

const view = (page) => page.evaluate(() => [window.page.scale.left, window.page.scale.right]);
const painted = (page) => page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));

/** How opaque the shade of a fault is. */
const FAULT = 0.16;

/** The parts of `#rrggbb` or `rgb(r, g, b)`. */
const parts = (colour) => (colour.startsWith('#') ? [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)) : colour.match(/[\d.]+/g).slice(0, 3).map(Number));

/** A colour over another, so opaque. */
const over = (colour, under, opacity) => `rgb(${parts(colour).map((part, at) => part * opacity + parts(under)[at] * (1 - opacity))})`;

/** How bright a colour is (WCAG 2.1). */
function luminance(colour) {
  const [red, green, blue] = parts(colour).map((part) => part / 255).map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** How far two colours are apart (WCAG 2.1). */
function contrast(one, other) {
  const [light, dark] = [one, other].map(luminance).sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const tests = {
  async 'the report’s hang: it opens, its chain is told and followed by keys alone'(context) {
    const { page, said, asked } = await open(context, 'silent-peer.html');
    assert.match(await page.textContent('#title'), /silent-peer · on await-peers · seed 0/);
    assert.match(await page.textContent('#command'), /^holdtime run silent-peer --reactor await-peers --seed 0/);
    assert.match(await page.textContent('#verdict'), /O3 unanswered command at 7\.0/);
    const links = await page.$$eval('#chain li', (items) => items.map((item) => item.textContent));
    assert.equal(links.length, 4);
    assert.match(links[0], /program announce waits since 2\.0* ?\d* s for an answer to `announce route/);
    assert.match(await page.textContent('#ending'), /closes the circle at its main task/);
    for (let step = 0; step < 4; step += 1) {
      await page.keyboard.press(']');
      assert.equal(await page.$eval('#chain [aria-current]', (item) => item.textContent), links[step]);
    }
    const lanes = await page.evaluate(() => window.page.drawing.layout.rows.map((row) => window.page.scene.lanes[row.lane].name));
    for (const lane of ['machine 10.0.0.1', 'speaker', 'speaker: main task', 'speaker: session with peer silent', 'speaker: pipe to program announce', 'program announce', 'peer silent']) {
      assert.ok(lanes.includes(lane), `${lane} is not among ${lanes}`);
    }
    assert.deepEqual(said, []);
    assert.deepEqual(asked, []);
  },

  async 'keys zoom, pan and show everything again'(context) {
    const { page, said } = await open(context, 'silent-peer.html');
    await page.keyboard.press('+');
    await painted(page);
    const near = await view(page);
    assert.ok(near[1] - near[0] < 0.7, `${near}`);
    await page.keyboard.press('ArrowRight');
    const moved = await view(page);
    assert.ok(moved[0] > near[0], `${moved}`);
    await page.keyboard.press('-');
    await page.keyboard.press('0');
    assert.deepEqual(await view(page), [0, 1]);
    await page.mouse.move(600, 400);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -400);
    await page.keyboard.up('Control');
    await painted(page);
    const wheeled = await view(page);
    assert.ok(wheeled[1] - wheeled[0] < 0.6, `${wheeled}`);
    assert.deepEqual(said, []);
  },

  async 'a search finds, steps through what it found, and shows its content'(context) {
    const { page, said } = await open(context, 'silent-peer.html');
    await page.keyboard.press('/');
    await page.keyboard.type('update');
    assert.match(await page.textContent('#hits'), /^[1-9]\d* found$/);
    await page.keyboard.press('Enter');
    assert.match(await page.textContent('#hits'), /^1 of /);
    assert.match(await page.textContent('#event'), /UPDATE/);
    assert.match(page.url(), /#t=0\.\d+s$/);
    assert.deepEqual(said, []);
  },

  async 'a click on an arrow shows what the message says'(context) {
    const { page } = await open(context, 'silent-peer.html');
    const place = await page.evaluate(() => {
      const { drawing, scale, scene } = window.page;
      const arrow = scene.arrows.find((one) => one.text.startsWith('OPEN'));
      const box = document.getElementById('canvas').getBoundingClientRect();
      const middle = (a, b) => (a + b) / 2;
      return [box.x + middle(scale.x(arrow.from), scale.x(arrow.to)), box.y + middle(drawing.anchor(arrow.lane), drawing.anchor(arrow.far))];
    });
    await page.mouse.click(...place);
    const told = await page.textContent('#event');
    assert.match(told, /OPEN as 6500\d hold 90/);
    assert.match(told, /ASN4|asn4|AS4|4-byte|Multiprotocol/i);
  },

  async 'a link leads to a moment, and what is none is said'(context) {
    for (const [hash, moment] of [['#t=2.0s', /^2\.0000/], ['#t=2000ms', /^2\.0000/], ['#t=0', /^0\.0/], ['#t=1000000s', /^7\.0000/]]) {
      const { page } = await open(context, 'silent-peer.html', hash);
      assert.match(await page.textContent('#event'), moment);
      assert.equal(await page.isVisible('#notes'), false);
    }
    for (const hash of ['#t=soon', '#t=1..2s', '#%', '#t=-1s']) {
      const { page, said } = await open(context, 'silent-peer.html', hash);
      assert.match(await page.textContent('#notes'), /is no moment of this run: one is written as #t=7\.0s/);
      assert.equal(await page.$$eval('#chain li', (items) => items.length), 4);
      assert.deepEqual(said, []);
    }
    const { page } = await open(context, 'silent-peer.html');
    await page.evaluate(() => { window.location.hash = '#t=7.0s'; });
    await page.waitForFunction(() => document.getElementById('event').textContent.startsWith('7.0'));
  },

  async 'every control is reached by Tab, and shows that it is'(context) {
    const wanted = ['copy', 'in', 'out', 'all', 'even', 'search', 'filter', 'astable', 'help', 'scroll', 'chain', 'chain', 'chain', 'chain', 'before', 'next'];
    for (const colorScheme of ['light', 'dark']) {
      const { page } = await open(context, 'silent-peer.html');
      await page.emulateMedia({ colorScheme });
      for (const id of wanted) {
        await page.keyboard.press('Tab');
        const focus = await page.evaluate(() => {
          const element = document.activeElement;
          const shown = element.id === 'scroll' ? document.getElementById('canvas') : element;
          const { outlineWidth, outlineStyle, outlineColor } = getComputedStyle(shown);
          return { id: element.id || element.closest('[id]').id, outlineWidth, outlineStyle, outlineColor, paper: getComputedStyle(document.body).backgroundColor };
        });
        assert.equal(focus.id, id);
        assert.equal(focus.outlineStyle, 'solid', id);
        assert.ok(parseFloat(focus.outlineWidth) >= 2 && contrast(focus.outlineColor, focus.paper) >= 3, JSON.stringify(focus));
      }
      const box = await page.evaluate(() => { document.getElementById('scroll').focus(); return document.getElementById('canvas').getBoundingClientRect().toJSON(); });
      const edge = await page.screenshot({ clip: { x: box.x + 20, y: box.y, width: 1, height: 6 } });
      await page.evaluate(() => document.activeElement.blur());
      assert.notDeepEqual(edge, await page.screenshot({ clip: { x: box.x + 20, y: box.y, width: 1, height: 6 } }), 'the drawing shows that it has the focus');
    }
  },

  async 'keys alone filter, search, choose on every lane, read the table and close what is open'(context) {
    const { page, said } = await open(context, 'silent-peer.html');
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.closest('[id]').id);
    const selected = () => page.evaluate(() => { const { selected: event } = window.page.drawing; return event && window.page.scene.lanes[event.lane].name; });
    await page.focus('#filter summary');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    assert.equal(await page.evaluate(() => window.page.drawing.kinds.has('message')), false);
    await page.keyboard.press('Space');
    await page.keyboard.press('Escape');
    assert.equal(await page.$eval('#filter', (filter) => filter.open), false);
    assert.equal(await focused(), 'filter');
    await page.keyboard.press('?');
    assert.equal(await page.$eval('#help', (help) => help.open), true);
    await page.keyboard.press('Escape');
    assert.equal(await page.$eval('#help', (help) => help.open), false);
    await page.focus('#even');
    await page.keyboard.press('Space');
    assert.equal(await page.getAttribute('#even', 'aria-pressed'), 'true');
    await page.keyboard.press('e');
    await page.focus('#chain li:nth-child(3) button');
    await page.keyboard.press('Space');
    assert.equal(await page.getAttribute('#chain li:nth-child(3) button', 'aria-current'), 'step');
    await page.keyboard.press('/');
    await page.keyboard.type('established');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    assert.equal(await focused(), 'scroll');
    const lanes = await page.evaluate(() => window.page.drawing.layout.rows.map((row) => window.page.scene.lanes[row.lane].name));
    assert.equal(await selected(), 'speaker: session with peer silent');
    // Machines have no events: from there on every lane is reached, upwards and downwards.
    const stops = lanes.filter((lane) => !lane.startsWith('machine'));
    const from = stops.indexOf('speaker: session with peer silent');
    for (const lane of stops.slice(from + 1)) {
      await page.keyboard.press('ArrowDown');
      assert.equal(await selected(), lane);
    }
    for (const lane of stops.slice(0, -1).reverse()) {
      await page.keyboard.press('ArrowUp');
      assert.equal(await selected(), lane);
    }
    await page.keyboard.press('Escape');
    assert.equal(await selected(), null);
    assert.deepEqual(said, []);
  },

  async 'the table is walked by keys, however long it is'(context) {
    const { page, said } = await open(context, 'many.html');
    await page.keyboard.press('t');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'tableview');
    const row = async () => {
      await painted(page);
      return page.evaluate(() => {
        const [{ top, bottom }, box] = [document.querySelector('#tableview [aria-current]'), document.getElementById('tableview')].map((element) => element.getBoundingClientRect());
        return { isSeen: top >= box.top && bottom <= box.bottom + 1, text: document.querySelector('#tableview [aria-current]').textContent };
      });
    };
    for (let at = 0; at < 40; at += 1) await page.keyboard.press('n');
    assert.equal((await row()).isSeen, true);
    // Far behind what the table holds at once.
    await page.evaluate(() => window.page.select(window.page.scene.events.findLast((event) => window.page.isShown(event)), true));
    assert.equal((await row()).isSeen, true);
    await page.keyboard.press('p');
    assert.equal((await row()).isSeen, true);
    assert.match(await page.textContent('#tableview caption'), /to \d+ of \d{5,} events/);
    await page.fill('#search', 'established');
    await page.keyboard.press('Escape');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'tableview');
    await page.keyboard.press('n');
    assert.match((await row()).text, /Established/);
    assert.deepEqual(said, []);
  },

  async 'nothing moves by itself where that is not wanted'(context) {
    const { page } = await open(context, 'silent-peer.html');
    const moving = () => page.evaluate(() => {
      const all = [...document.querySelectorAll('*')].map((element) => getComputedStyle(element));
      return all.filter((style) => style.transitionDuration !== '0s' || style.animationName !== 'none' || style.scrollBehavior !== 'auto').length;
    });
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    assert.ok(await moving() > 0);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    assert.equal(await moving(), 0);
  },

  async 'filters hide whom and what they say'(context) {
    const { page } = await open(context, 'silent-peer.html');
    await page.click('#filter summary');
    await page.uncheck('#actors label:has-text("program announce") >> nth=-1 >> input');
    const lanes = () => page.evaluate(() => window.page.drawing.layout.rows.map((row) => window.page.scene.lanes[row.lane].name));
    assert.ok(!(await lanes()).includes('program announce'));
    await page.uncheck('#kinds label:has-text("messages") >> input');
    assert.equal(await page.evaluate(() => window.page.drawing.kinds.has('message')), false);
  },

  async 'the table says what the drawing shows'(context) {
    const { page } = await open(context, 'silent-peer.html');
    await page.keyboard.press('t');
    await page.waitForSelector('#tableview tr:nth-child(5)');
    const table = await page.textContent('#tableview');
    assert.match(table, /OPEN as 65001/);
    assert.match(table, /at `expect route 192\.0\.2\.0\/24`/);
    await page.keyboard.press('t');
    assert.equal(await page.isVisible('#canvas'), true);
  },

  async 'what a peer says is no markup'(context) {
    const { page, said } = await open(context, 'injection.html');
    assert.match(await page.textContent('#lead'), /<\/script>/);
    await page.keyboard.press('t');
    await page.waitForSelector('#tableview tr:nth-child(5)');
    assert.match(await page.textContent('#tableview'), /<\/script><img src=x onerror=alert\(1\)>/);
    // Nor does it turn lines around, or hide anything.
    assert.match(await page.textContent('#tableview'), /\\u\{202e\}txt\\u\{200b\}/);
    assert.doesNotMatch(await page.textContent('body'), /[\u202e\u200b]/);
    const read = await page.evaluate(() => readLog('{"form":"x","name":"\\u001b a\\\\u001b\u009b"}\n', 0).head.name);
    assert.equal(read, '\\u{1b} a\\u001b\\u{9b}');
    // A time is cut off, and one that needs no cut stays as it is.
    const times = await page.evaluate(() => [1001e6, 7000999999, 1100, 1001000].map((nanos) => seconds(nanos)));
    assert.deepEqual(times, ['1.001 s', '7.000 s', '1.1 µs', '1 ms']);
    assert.equal(await page.$$eval('main img', (images) => images.length), 0);
    assert.deepEqual(said, []);
  },

  async 'on paper it is light and has every lane, and the table every row'(context) {
    const { page, said } = await open(context, 'zero-window.html');
    await page.setViewportSize({ width: 1000, height: 300 });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    await page.waitForFunction(() => window.page.isPrinted);
    const drawn = await page.evaluate(() => {
      const { drawing } = window.page;
      const box = document.getElementById('canvas').getBoundingClientRect();
      return { paper: drawing.colour.paper, whole: drawing.height === drawing.layout.height, high: box.height > 300, wide: box.width <= innerWidth };
    });
    assert.deepEqual(drawn, { paper: '#ffffff', whole: true, high: true, wide: true });
    await page.emulateMedia({ media: null, colorScheme: null });
    await page.waitForFunction(() => !window.page.isPrinted && window.page.drawing.height < 300);
    await page.keyboard.press('t');
    await page.waitForSelector('#tableview tr:nth-child(5)');
    await page.emulateMedia({ media: 'print' });
    await page.waitForFunction(() => window.page.isPrinted);
    assert.ok(await page.evaluate(() => { const view = document.getElementById('tableview'); return view.clientHeight >= view.scrollHeight && view.clientHeight > 300; }));
    assert.deepEqual(said, []);
  },

  async 'two runs are beside one another, and where they part is said'(context) {
    const { page, said } = await open(context, 'beside.html');
    const titles = await page.evaluate(() => window.page.drawing.layout.rows.filter((row) => row.title).map((row) => row.title.head.reactor));
    assert.deepEqual(titles, ['read-first', 'poll']);
    assert.match(await page.textContent('#missing'), /The two runs part at/);
    await page.keyboard.press('t');
    await page.waitForSelector('#tableview tr:nth-child(5)');
    const whose = await page.$$eval('#tableview td:nth-child(2)', (cells) => [...new Set(cells.map((cell) => cell.textContent.split(':')[0]))]);
    assert.deepEqual(whose.sort(), ['poll', 'read-first']);
    assert.deepEqual(said, []);
  },

  async 'two runs beside one another are set so that what both have last is at one place'(context) {
    for (const name of ['beside.html', 'seeds.html']) {
      const { page, said } = await open(context, name);
      const told = await page.evaluate(() => window.page.scene.logs.map((log) => {
        const tells = log.events.filter((event) => ['sent', 'arrived', 'state', 'process', 'alarm'].includes(event.kind));
        return { shift: log.shift, tells: tells.map((event) => ({ says: `${event.who} ${event.kind} ${event.text || event.state}`, t: event.t, x: window.page.scale.x(event.t) })) };
      }));
      const [{ tells: ours, shift: none }, { tells: theirs, shift }] = told;
      const first = ours.findIndex((event, at) => event.says !== theirs[at]?.says);
      assert.ok(first > 3, `${name}: ${first}`);
      assert.equal(ours[first - 1].t, theirs[first - 1].t, name);
      assert.equal(none, 0);
      if (name === 'seeds.html') {
        assert.notEqual(shift, 0);
        assert.match(await page.textContent('#missing'), /^The two runs part at [^]*\nseed 0: [^]*\nseed 3: /);
      }
      const [flag] = await page.evaluate(() => window.page.drawing.moments().filter((moment) => moment.text === 'first difference').map((moment) => moment.t));
      assert.equal(flag, Math.min(ours[first]?.t ?? Infinity, theirs[first]?.t ?? Infinity));
      if (shift) {
        assert.match(await page.textContent('#missing'), /The second is set .* s (later|earlier)/);
        // What is told of it has the times that it had.
        await page.evaluate(() => { const { scene } = window.page; window.page.select(scene.events.findLast((event) => scene.lanes[event.lane].log === scene.logs[1])); });
        const [own, end] = await page.evaluate(() => [document.querySelector('#event time').textContent, window.page.scene.logs[1].end.at]);
        assert.ok(Math.abs(parseFloat(own) - end / 1e9) < 1e-3, `${own} ${end}`);
      }
      assert.deepEqual(said, []);
    }
  },

  async 'the page of a minute is small'() {
    const [end] = readFileSync(join(folder, 'zero-window.txt'), 'utf8').match(/[\d.]+(?=  verdict)/);
    assert.ok(Number(end) > 60, end);
    const { size } = statSync(join(folder, 'zero-window.html'));
    assert.ok(size < 300_000, `${size}`);
  },

  async 'a log that is cut short is drawn as far as it goes, and says so'(context) {
    const { page, said } = await open(context, 'cut.html');
    assert.match(await page.textContent('#notes'), /cut short at/);
    assert.ok(await page.evaluate(() => window.page.scene.events.length) > 5);
    assert.deepEqual(said, []);
  },

  async 'the point of no return is a line'(context) {
    const { page } = await open(context, 'why.html');
    const texts = await page.evaluate(() => window.page.drawing.moments().map((moment) => moment.text));
    assert.ok(texts.includes('point of no return'), texts.join());
  },

  async 'every text stands out from what it stands on, in light and dark (WCAG 2.1 §1.4.3)'(context) {
    const { page } = await open(context, 'silent-peer.html');
    const pairs = ['ink paper', 'muted paper', 'ink band', 'waitink wait', 'stateink opening', 'stateink established', 'stateink idlestate', 'ink timer', 'ink level', 'ink window', 'message paper', 'command paper', 'fault paper', 'chain paper', 'alarm paper', 'turn paper', 'differ paper', 'waitink gone', 'paper ink'];
    const drawn = ['edge', 'muted', 'turn', 'idle', 'message', 'command', 'fault', 'chain', 'alarm', 'lost', 'differ', 'select'];
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      const style = await page.evaluate((names) => Object.fromEntries(names.map((name) => [name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()])), [...new Set([...drawn, ...pairs.flatMap((pair) => pair.split(' '))])]);
      for (const pair of pairs) {
        const apart = contrast(...pair.split(' ').map((name) => style[name]));
        assert.ok(apart >= 4.5, `${pair} in the ${colorScheme}: ${apart.toFixed(2)}`);
      }
      // What a fault says stands on its shade.
      for (const ground of ['paper', 'band']) {
        const apart = contrast(style.fault, over(style.fault, style[ground], FAULT));
        assert.ok(apart >= 4.5, `fault on its shade on ${ground} in the ${colorScheme}: ${apart.toFixed(2)}`);
      }
      // What is drawn stands out too, by its edge or its own colour (§1.4.11).
      for (const name of drawn) {
        const apart = contrast(style[name], style.paper);
        assert.ok(apart >= 3, `${name} in the ${colorScheme}: ${apart.toFixed(2)}`);
      }
    }
  },

  async 'the legend says what is drawn, and nothing else'(context) {
    const legend = async (name) => (await open(context, name)).page.$$eval('#legend li', (items) => items.map((item) => item.textContent));
    const silent = await legend('silent-peer.html');
    for (const text of ['waits', 'an established session', 'a message that nobody read', 'octets that nobody has read yet', 'who waits for whom', 'an alarm']) assert.ok(silent.includes(text), `${text}: ${silent}`);
    for (const text of ['a fault', 'a packet is lost', 'a receiver’s window']) assert.ok(!silent.includes(text), `${text}: ${silent}`);
    assert.ok((await legend('zero-window.html')).includes('a receiver’s window'));
    assert.ok(!(await legend('cut.html')).includes('an alarm'));
  },

  async 'in the dark the page is dark'(context) {
    const { page } = await open(context, 'silent-peer.html');
    const paper = () => page.evaluate(() => { const { data } = document.getElementById('canvas').getContext('2d').getImageData(5, 5, 1, 1); return data[0]; });
    assert.ok(await paper() > 200);
    await page.emulateMedia({ colorScheme: 'dark' });
    await painted(page);
    assert.ok(await paper() < 60);
  },

  async 'what Perfetto gets is what the trace event format says, and its slices lie within one another'() {
    for (const name of ['silent-peer.json', 'zero-window.json']) {
      const { traceEvents } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
      const slices = new Map();
      const open = new Set();
      const flows = new Set();
      for (const event of traceEvents) {
        const told = JSON.stringify(event);
        assert.ok(['M', 'X', 'b', 'e', 's', 'f', 'C', 'i'].includes(event.ph), told);
        assert.ok(Number.isInteger(event.pid) && event.pid > 0 && Number.isInteger(event.tid) && typeof event.name === 'string', told);
        if (event.ph === 'M') continue;
        assert.ok(Number.isFinite(event.ts) && event.ts >= 0, told);
        const track = `${event.pid} ${event.tid}`;
        if (event.ph === 'X') {
          assert.ok(Number.isFinite(event.dur) && event.dur >= 0, told);
          slices.set(track, [...(slices.get(track) || []), [event.ts, event.ts + event.dur]]);
        }
        if (event.ph === 'b' || event.ph === 'e') {
          const id = `${event.cat} ${event.id}`;
          assert.equal(open.has(id), event.ph === 'e', told);
          if (event.ph === 'b') open.add(id);
          else open.delete(id);
        }
        if (event.ph === 's') flows.add(event.id);
        if (event.ph === 'f') assert.ok(flows.has(event.id), told);
        if (event.ph === 's' || event.ph === 'f') assert.ok(slices.get(track).some(([from, to]) => from <= event.ts && event.ts <= to), told);
        if (event.ph === 'C') assert.ok(Object.values(event.args).every(Number.isFinite), told);
        if (event.ph === 'i') assert.ok(['g', 'p', 't'].includes(event.s), told);
      }
      assert.equal(open.size, 0);
      for (const list of slices.values()) {
        for (const [from, to] of list) {
          const crossing = list.find(([start, end]) => from < start - 1e-6 && start < to - 1e-6 && to < end - 1e-6);
          assert.equal(crossing, undefined, `${from}..${to} crosses ${crossing}`);
        }
      }
    }
  },

  async '100,000 events are shown within 3 s, and 95 of 100 inputs are painted within 100 ms'(context) {
    // Where others work beside it, everything takes longer for want of a processor.
    const busy = Math.max(1, loadavg()[0] / cpus().length);
    let { page, said, took } = await open(context, 'many.html');
    for (let attempt = 1; attempt < 5 && took > 3000 * busy; attempt += 1) {
      await page.close();
      ({ page, said, took } = await open(context, 'many.html'));
    }
    const count = await page.evaluate(() => window.page.scene.events.length);
    assert.ok(count >= 100_000, `${count}`);
    // Each from the input to the end of the frame that shows it. A machine that does something else beside it gets five attempts.
    const measure = () => page.evaluate(async () => {
      const frame = () => new Promise((done) => { requestAnimationFrame(() => { const { port1, port2 } = new MessageChannel(); port1.onmessage = done; port2.postMessage(0); }); });
      const scroll = document.getElementById('scroll');
      const search = document.getElementById('search');
      const wheel = (more) => scroll.dispatchEvent(new WheelEvent('wheel', { ctrlKey: true, bubbles: true, cancelable: true, clientX: 700, clientY: 300, ...more }));
      const key = (name) => document.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true }));
      const inputs = [];
      for (let at = 0; at < 30; at += 1) inputs.push(() => wheel({ deltaY: -120 }));
      for (let at = 0; at < 20; at += 1) inputs.push(() => key('ArrowRight'));
      for (let at = 0; at < 30; at += 1) inputs.push(() => wheel({ deltaY: 120 }));
      for (const text of ['u', 'up', 'upd', 'upda', 'updat', 'update', 'update 1', 'update 10', 'keepalive', '10.7.']) inputs.push(() => { search.value = text; search.dispatchEvent(new Event('input')); });
      for (let at = 0; at < 10; at += 1) inputs.push(() => search.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true })));
      const times = [];
      for (const input of inputs) {
        await frame();
        const began = performance.now();
        input();
        await frame();
        times.push(performance.now() - began);
      }
      return times;
    });
    let [sorted, at95] = [[], Infinity];
    for (let attempt = 0; attempt < 5 && at95 > 100 * busy; attempt += 1) {
      sorted = (await measure()).sort((a, b) => a - b);
      at95 = sorted[Math.floor(sorted.length * 0.95)];
    }
    console.log(`    ${count} events: first view after ${took} ms; of ${sorted.length} inputs 95 % were painted within ${at95.toFixed(0)} ms, all within ${sorted.at(-1).toFixed(0)} ms`);
    if (busy > 1) console.log(`    there is work for ${busy.toFixed(1)} machines like this one: so much longer it may take`);
    assert.ok(took <= 3000 * busy, `first view after ${took} ms`);
    assert.ok(at95 <= 100 * busy, `95 % within ${at95} ms`);
    assert.deepEqual(said, []);
  },
};

async function test(browser) {
  let failed = 0;
  for (const [name, run] of Object.entries(tests)) {
    const context = await browser.newContext({ viewport: { width: 1400, height: 860 }, offline: true, colorScheme: 'light' });
    try {
      await run(context);
      console.log(`ok      ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}\n${error.stack}`);
    }
    await context.close();
  }
  console.log(`${Object.keys(tests).length - failed} passed, ${failed} failed`);
  return failed === 0;
}

const SHOTS = [
  ['silent-peer', 'silent-peer.html', 'light', (page) => page.keyboard.press('Escape')],
  ['zero-window', 'zero-window.html', 'light', (page) => page.keyboard.press('Escape')],
  ['beside', 'beside.html', 'dark', (page) => page.keyboard.press('Escape')],
];

async function shoot(browser) {
  for (const [name, file, colorScheme, prepare] of SHOTS) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 800 }, offline: true, colorScheme });
    const { page } = await open(context, file);
    await prepare(page);
    const height = await page.evaluate(() => window.page.drawing.layout.height + document.querySelector('main').getBoundingClientRect().top + 6);
    await page.setViewportSize({ width: 1440, height: Math.max(690, Math.ceil(height)) });
    await painted(page);
    await painted(page);
    await page.screenshot({ path: join(out, `${name}.png`) });
    await context.close();
  }
  return true;
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', headless: true, args: FLAGS });
const well = await (verb === 'shoot' ? shoot(browser) : test(browser));
await browser.close();
process.exit(well ? 0 : 1);
