import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError, HttpClient } from './http';

/** Never answers, but heeds the signal, as fetch does. */
const hanging = (_input: unknown, init?: RequestInit) =>
  new Promise<Response>((_resolve, reject) => {
    init?.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
  });

describe('HttpClient', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('ends a request that nobody answers, and says so', async () => {
    const answer = new HttpClient(hanging as typeof fetch).request('/api/cameras').catch((e: unknown) => e);
    await vi.advanceTimersByTimeAsync(10_000);
    const error = (await answer) as ApiError;
    expect(error).toBeInstanceOf(ApiError);
    expect([error.code, error.unreachable]).toEqual(['timeout', true]);
    expect(error.message).toMatch(/has not answered within 10 s/);
  });

  it('ends a request whose body never comes', async () => {
    const stuck = (_input: unknown, init?: RequestInit) =>
      Promise.resolve(
        new Response(
          new ReadableStream({
            start: (body) =>
              init?.signal?.addEventListener('abort', () => body.error(new DOMException('aborted', 'AbortError'))),
          }),
        ),
      );
    const answer = new HttpClient(stuck as typeof fetch)
      .request('/api/auth/me', { timeoutMs: 5_000 })
      .catch((e: unknown) => e);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(((await answer) as ApiError).code).toBe('timeout');
  });
});
