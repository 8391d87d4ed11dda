/** A sample's worth fades: after this long a minimum that is no longer seen is forgotten. */
const kWindowMs = 60_000;
const kBuckets = 6;

interface Bucket {
  start: number;
  offset: number;
  rtt: number;
}

/**
 * Estimates the server's clock from the `server_time` of what arrives.
 *
 * Each arrival gives `server_time - received_at`, which is the true offset less that message's
 * delay; so the largest of the last minute is nearest to the truth, and is too small by the
 * smallest one-way delay. Half of the smallest round trip (a `watch` and its acknowledgement) is
 * added for that. Local times are monotonic (performance.now), so that setting the computer's
 * clock changes nothing.
 */
export class ServerClock {
  private buckets: Bucket[] = [];

  reset(): void {
    this.buckets = [];
  }

  /** `serverTime`: Unix ms, as told; `receivedAt`: local monotonic ms. */
  addSample(serverTime: number, receivedAt: number): void {
    const bucket = this.bucket(receivedAt);
    bucket.offset = Math.max(bucket.offset, serverTime - receivedAt);
  }

  addRoundTrip(durationMs: number, now: number): void {
    if (durationMs < 0) return;
    const bucket = this.bucket(now);
    bucket.rtt = Math.min(bucket.rtt, durationMs);
  }

  /** Unix ms at the server for a local monotonic time; null before the first sample. */
  serverTime(localMs: number): number | null {
    let offset = -Infinity;
    let rtt = Infinity;
    for (const bucket of this.buckets) {
      offset = Math.max(offset, bucket.offset);
      rtt = Math.min(rtt, bucket.rtt);
    }
    if (offset === -Infinity) return null;
    return localMs + offset + (rtt === Infinity ? 0 : rtt / 2);
  }

  private bucket(now: number): Bucket {
    const start = Math.floor(now / (kWindowMs / kBuckets)) * (kWindowMs / kBuckets);
    const last = this.buckets.at(-1);
    if (last !== undefined && last.start >= start) return last;
    const fresh = { start, offset: -Infinity, rtt: Infinity };
    this.buckets = [...this.buckets.filter((b) => b.start > start - kWindowMs), fresh];
    return fresh;
  }
}
