const kWindowMs = 2_000;

/** Events a second over the last two seconds, from local monotonic times. */
export class Rate {
  private times: number[] = [];

  add(now: number): void {
    this.times.push(now);
    this.forget(now);
  }

  perSecond(now: number): number {
    this.forget(now);
    const first = this.times[0];
    const last = this.times.at(-1);
    if (first === undefined || last === undefined || this.times.length < 2) return 0;
    // From the first to now when nothing comes any more, so that the number falls at once.
    const meanGap = (last - first) / (this.times.length - 1);
    const span = now - last > 2 * meanGap ? now - first : last - first;
    return span <= 0 ? 0 : ((this.times.length - 1) * 1000) / span;
  }

  clear(): void {
    this.times = [];
  }

  private forget(now: number): void {
    let old = 0;
    while (old < this.times.length && (this.times[old] as number) <= now - kWindowMs) old += 1;
    if (old > 0) this.times.splice(0, old);
  }
}
