// Draws what goes from row to row: messages, and the chain of who waits for whom; and what was searched for and chosen.

class Drawing extends Ground {
  anchor(lane) {
    return this.layout.anchors[lane];
  }

  arrows() {
    const { context: c, colour, scale, scene, kinds } = this;
    const labels = [];
    const drawn = new Map();
    for (let at = firstFrom(scene.arrowsOver, this.from); at < scene.arrows.length; at += 1) {
      const arrow = scene.arrows[at];
      if (arrow.from > this.until) break;
      if ((arrow.to ?? arrow.from) < this.from) continue;
      const line = this.isLine(arrow);
      if (!kinds.has(line ? 'line' : 'message')) continue;
      const [y, far] = [this.anchor(arrow.lane), arrow.far >= 0 ? this.anchor(arrow.far) : null];
      if (y === null) continue;
      const x = scale.at(arrow.a);
      const key = arrow.lane * 4096 + arrow.far;
      const tail = arrow.to === null ? x + 14 : scale.at(arrow.b);
      if (tail < (drawn.get(key) ?? -Infinity) + 3) continue;
      drawn.set(key, tail);
      labels.push({ x, y, tail, far: far ?? y, text: arrow.text, tone: line ? colour.command : colour.message, unread: arrow.to === null });
    }
    for (const tone of [colour.message, colour.command]) {
      for (const unread of [false, true]) this.strokes(labels.filter((one) => one.tone === tone && one.unread === unread), tone, unread);
    }
    this.arrowLabels(labels);
  }

  isLine(arrow) {
    const is = (lane) => lane >= 0 && this.scene.lanes[lane].is === 'pipe';
    return is(arrow.lane) || is(arrow.far);
  }

  /** All arrows of one colour at once, which is quicker by far. */
  strokes(arrows, tone, unread) {
    const { context: c } = this;
    c.strokeStyle = tone;
    c.fillStyle = tone;
    c.lineWidth = unread ? 2 : 1.4;
    // Of very many, what lies behind them shall be seen too.
    c.globalAlpha = arrows.length > 150 ? 0.4 : 1;
    c.setLineDash(unread ? [4, 3] : []);
    c.beginPath();
    for (const { x, y, tail, far } of arrows) {
      c.moveTo(x, y);
      c.lineTo(tail, far);
    }
    c.stroke();
    c.setLineDash([]);
    c.beginPath();
    for (const { x, y, tail, far } of arrows) {
      if (unread) {
        c.moveTo(tail + 4, far);
        c.arc(tail, far, 4, 0, 7);
        continue;
      }
      const angle = Math.atan2(far - y, tail - x);
      c.moveTo(tail, far);
      c.lineTo(tail - 7 * Math.cos(angle - 0.4), far - 7 * Math.sin(angle - 0.4));
      c.lineTo(tail - 7 * Math.cos(angle + 0.4), far - 7 * Math.sin(angle + 0.4));
    }
    if (unread) c.stroke();
    else c.fill();
    c.globalAlpha = 1;
  }

  /** What arrows say, wherever there is room for it; what was never read first. */
  arrowLabels(labels) {
    const { context: c, colour } = this;
    const { taken } = this;
    const said = new Map();
    // Behind the end there is room for the chain alone.
    const limit = this.width - (this.margin > 24 ? this.margin - 40 : 4);
    c.font = '11px system-ui, sans-serif';
    labels.sort((a, b) => Number(b.unread) - Number(a.unread));
    for (const label of labels.slice(0, 150)) {
      // The same again and again is said three times.
      said.set(label.text, (said.get(label.text) || 0) + 1);
      if (said.get(label.text) > 3) continue;
      const room = label.unread ? Math.max(8, Math.floor((this.scale.begin + this.scale.width - label.tail - 100) / 6.5)) : 46;
      const letters = Math.min(46, room);
      const text = `${label.text.length > letters ? `${label.text.slice(0, letters - 1)}…` : label.text}${label.unread ? ' (never read)' : ''}`;
      const width = c.measureText(text).width + 8;
      // What waits to be read is told where it waits.
      const shares = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9];
      for (const share of label.unread ? [1, ...shares] : shares) {
        const x = label.x + (label.tail - label.x) * share + 6;
        const y = label.y + (label.far - label.y) * share;
        const box = [x, y - 8, x + width, y + 8];
        if (box[2] > limit || box[0] < this.names) continue;
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
    const end = scale.x(at + log.shift);
    const places = chain.map((link) => (link.lane === null ? null : this.chainRow(link.lane + log.base)));
    const current = this.step;
    chain.forEach((link, index) => {
      const row = places[index];
      if (!row) return;
      // What nobody knows the beginning of is drawn as long as what waits for it.
      const known = chain.slice(0, index + 1).findLast((one) => one.since !== null);
      const since = known ? Math.max(scale.x(known.since + log.shift), scale.begin - 8) : end - 30;
      const strong = current < 0 || current === index;
      c.strokeStyle = colour.chain;
      c.globalAlpha = strong ? 1 : 0.35;
      c.lineWidth = current === index ? 3.5 : 2;
      c.strokeRect(since, row.y + 2, Math.max(6, end - since), Math.max(row.height, 16) - 4);
      // Where no bar says it, the link does.
      const bars = this.scene.bars[row.lane];
      if (!bars.some((bar) => bar.kind === 'gone' || bar.kind === 'state' || (bar.kind === 'wait' && scale.at(bar.b) > since + 40)) && places.indexOf(row) === index) {
        c.font = '11px system-ui, sans-serif';
        c.fillStyle = colour.chain;
        const room = end - since - 12;
        if (room > 60) this.text(`waits for ${link.what}`, since + 6, row.y + row.height / 2, room, true);
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
    const last = chain.length - 1;
    if (circle === null && places[last]) this.ending(log.end.ending, ...badge(last));
  }

  /** Why the last one does not act, below its number. */
  ending(text, x, y) {
    const { context: c, colour } = this;
    c.font = '600 11px system-ui, sans-serif';
    const lines = [];
    for (const word of text.split(' ')) {
      const line = lines.length ? `${lines[lines.length - 1]} ${word}` : word;
      if (lines.length && c.measureText(line).width < this.margin - 24) lines[lines.length - 1] = line;
      else lines.push(word);
    }
    lines.slice(0, 6).forEach((line, at) => {
      c.fillStyle = colour.paper;
      c.fillRect(x - 8, y + 12 + at * 14, c.measureText(line).width + 4, 14);
      c.fillStyle = colour.chain;
      c.fillText(line, x - 6, y + 19 + at * 14);
    });
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
