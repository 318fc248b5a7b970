// The axis of time. What happens in microseconds and what takes a minute are to be seen in one picture: between two events the axis is as
// long as a root of the time between them. With `even` it is as long as the time.

const ROOT = 0.35;

class Scale {
  constructor(events, from, until) {
    const times = [from];
    for (const { t } of events) if (t > times[times.length - 1]) times.push(t);
    if (until > times[times.length - 1]) times.push(until);
    this.times = Float64Array.from(times);
    this.places = new Float64Array(times.length);
    for (let at = 1; at < times.length; at += 1) {
      this.places[at] = this.places[at - 1] + ((times[at] - times[at - 1]) / 1e3) ** ROOT;
    }
    this.from = from;
    this.until = Math.max(until, from + 1);
    this.even = false;
    this.left = 0;
    this.right = 1;
    this.width = 100;
    this.begin = 0;
  }

  /** The whole length of the axis, in its own unit. */
  get length() {
    return this.even ? this.until - this.from : Math.max(this.places[this.places.length - 1], 1e-9);
  }

  /** Where on the axis a time is, from 0 to 1. */
  place(t) {
    if (this.even) return (t - this.from) / this.length;
    const at = below(this.times, t);
    if (at + 1 >= this.times.length) return this.places[this.places.length - 1] / this.length;
    const share = (t - this.times[at]) / (this.times[at + 1] - this.times[at]);
    return (this.places[at] + share * (this.places[at + 1] - this.places[at])) / this.length;
  }

  /** The time at a place. */
  time(place) {
    if (this.even) return this.from + place * this.length;
    const wanted = place * this.length;
    const at = Math.min(below(this.places, wanted), this.places.length - 2);
    if (at < 0) return this.from;
    const span = this.places[at + 1] - this.places[at];
    const share = span > 0 ? (wanted - this.places[at]) / span : 0;
    return this.times[at] + share * (this.times[at + 1] - this.times[at]);
  }

  x(t) {
    return this.begin + ((this.place(t) - this.left) / (this.right - this.left)) * this.width;
  }

  /** Notes on everything that is drawn where on the axis it is, so that a frame need not ask. */
  settle(scene) {
    const span = (one, from, to) => { [one.a, one.b] = [this.place(from), this.place(to)]; };
    scene.bars.forEach((bars) => bars.forEach((bar) => span(bar, bar.from, bar.to)));
    scene.arrows.forEach((arrow) => span(arrow, arrow.from, arrow.to ?? arrow.from));
    for (const timers of scene.timers) for (const list of timers.values()) list.forEach((one) => span(one, one.from, one.to));
    for (const levels of scene.levels) {
      for (const list of levels.values()) {
        list.forEach((one, at) => span(one, one.t, at + 1 < list.length ? list[at + 1].t : scene.lanes[one.event.lane].log.until));
      }
    }
    scene.marks.forEach((marks) => marks.forEach((mark) => span(mark, mark.t, mark.t)));
  }

  /** Where on the drawing a place of the axis is. */
  at(place) {
    return this.begin + ((place - this.left) / (this.right - this.left)) * this.width;
  }

  timeAt(x) {
    return this.time(this.left + ((x - this.begin) / this.width) * (this.right - this.left));
  }

  /** Shows the part between two places. */
  show(left, right) {
    const least = 1e-9;
    const span = Math.min(1, Math.max(least, right - left));
    this.left = Math.min(Math.max(0, left), 1 - span);
    this.right = this.left + span;
  }

  zoom(factor, x) {
    const span = this.right - this.left;
    const at = this.left + ((x - this.begin) / this.width) * span;
    this.show(at - (at - this.left) * factor, at + (this.right - at) * factor);
  }

  pan(pixels) {
    const by = (pixels / this.width) * (this.right - this.left);
    this.show(this.left + by, this.right + by);
  }

  /** Times for the axis, about `gap` pixels apart, each the roundest that there is. */
  ticks(gap) {
    const seen = `${this.left} ${this.right} ${this.width} ${this.even}`;
    if (this.seen === seen) return this.kept;
    const ticks = [];
    const count = Math.max(1, Math.floor(this.width / gap));
    for (let at = 0; at < count; at += 1) {
      const from = this.timeAt(this.begin + (at + 0.2) * (this.width / count));
      const to = this.timeAt(this.begin + (at + 0.8) * (this.width / count));
      const t = roundest(from, to);
      if (t <= this.until) ticks.push(t);
    }
    [this.seen, this.kept] = [seen, ticks];
    return ticks;
  }
}

/** The last index at which a sorted array is not above a value; at least 0. */
function below(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle;
    else high = middle;
  }
  return low;
}

/** The first index at which a sorted array is at least a value. */
function firstFrom(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function roundest(from, to) {
  if (to < 0) return -roundest(-to, -from);
  if (from <= 0) return 0;
  for (let power = Math.ceil(Math.log10(to)); power >= 0; power -= 1) {
    for (const part of [5, 2, 1]) {
      const step = part * 10 ** power;
      const t = Math.ceil(from / step) * step;
      if (t <= to) return t;
    }
  }
  return Math.round(from);
}
