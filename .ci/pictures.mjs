// Pictures of runs in a real Chromium: what they show, how fast they are, and their screenshots.
//
//     node .ci/pictures.mjs test FOLDER       tests the pages in FOLDER
//     node .ci/pictures.mjs shoot FOLDER OUT  writes screenshots of them to OUT
//
// PLAYWRIGHT is a folder in which playwright-core is installed, CHROMIUM the browser. `.ci/run pictures` makes the pages and calls this.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
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

/** How bright a colour is (WCAG 2.1). */
function luminance(colour) {
  const parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
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

  async 'a link leads to a moment'(context) {
    const { page } = await open(context, 'silent-peer.html', '#t=2.0s');
    assert.match(await page.textContent('#event'), /^2\.0000/);
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
    assert.equal(await page.$$eval('main img', (images) => images.length), 0);
    assert.deepEqual(said, []);
  },

  async 'two runs are beside one another, and where they part is said'(context) {
    const { page, said } = await open(context, 'beside.html');
    const titles = await page.evaluate(() => window.page.drawing.layout.rows.filter((row) => row.title).map((row) => row.title.head.reactor));
    assert.deepEqual(titles, ['await-peers', 'poll']);
    assert.match(await page.textContent('#missing'), /The two runs part at/);
    assert.deepEqual(said, []);
  },

  async 'a log that is cut short is drawn as far as it goes, and says so'(context) {
    const { page, said } = await open(context, 'cut.html');
    assert.match(await page.textContent('#short'), /cut short at/);
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
    const pairs = ['ink paper', 'muted paper', 'ink band', 'waitink wait', 'stateink opening', 'stateink established', 'stateink idlestate', 'ink timer', 'ink level', 'ink window', 'message paper', 'command paper', 'fault paper', 'chain paper', 'alarm paper', 'turn paper', 'differ paper', 'waitink gone'];
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      const style = await page.evaluate((names) => Object.fromEntries(names.map((name) => [name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()])), [...new Set(pairs.flatMap((pair) => pair.split(' ')))]);
      for (const pair of pairs) {
        const [light, dark] = pair.split(' ').map((name) => luminance(style[name])).sort((a, b) => b - a);
        const contrast = (light + 0.05) / (dark + 0.05);
        assert.ok(contrast >= 4.5, `${pair} in the ${colorScheme}: ${contrast.toFixed(2)}`);
      }
    }
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
    const { page, said, took } = await open(context, 'many.html');
    const count = await page.evaluate(() => window.page.scene.events.length);
    assert.ok(count >= 100_000, `${count}`);
    // Each from the input to the end of the frame that shows it. A machine that does something else beside it gets three attempts.
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
    for (let attempt = 0; attempt < 3 && at95 > 100; attempt += 1) {
      sorted = (await measure()).sort((a, b) => a - b);
      at95 = sorted[Math.floor(sorted.length * 0.95)];
    }
    console.log(`    ${count} events: first view after ${took} ms; of ${sorted.length} inputs 95 % were painted within ${at95.toFixed(0)} ms, all within ${sorted.at(-1).toFixed(0)} ms`);
    assert.ok(took <= 3000, `first view after ${took} ms`);
    assert.ok(at95 <= 100, `95 % within ${at95} ms`);
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
