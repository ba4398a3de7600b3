/** Loaded before a program, it lets the program's clock be an hour ahead. */
const AHEAD_MS = 3_600_000;
const realNow = Date.now;

globalThis.Date = class extends Date {
  constructor(...given) {
    if (given.length === 0) super(realNow() + AHEAD_MS);
    else super(...given);
  }

  static now() {
    return realNow() + AHEAD_MS;
  }
};
