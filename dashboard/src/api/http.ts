import { withBase } from '../base/basePath';

/** An answer that is not a success, as told by the server (RFC 9457), or no answer at all. */
export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 when the server could not be reached. */
    readonly status: number,
    /** The problem's `code`, for example `bad_credentials`. */
    readonly code: string,
    message: string,
    /** From Retry-After, in seconds. */
    readonly retryAfterS: number | null = null,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  get unreachable(): boolean {
    return this.status === 0;
  }
}

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body?: unknown;
  signal?: AbortSignal;
  /** How long the whole answer may take. */
  timeoutMs?: number;
  /** A 401 of this request says something else than "the session has ended". */
  expectsUnauthorized?: boolean;
}

/** Every request has an end: a list that loads for ever says nothing. */
const kTimeoutMs = 10_000;

/**
 * JSON over fetch with the session cookie. Keeps the CSRF token and sends it with everything that
 * changes something; tells `onUnauthorized` when a request finds the session gone.
 */
export class HttpClient {
  csrfToken: string | null = null;
  onUnauthorized: (() => void) | null = null;

  constructor(private readonly fetchFn: typeof fetch = (...args) => fetch(...args)) {}

  async request<T>(path: string, options: RequestOptions = {}): Promise<T> {
    const method = options.method ?? 'GET';
    const headers: Record<string, string> = { Accept: 'application/json' };
    const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' };
    if (options.body !== undefined) {
      headers['Content-Type'] = 'application/json';
      init.body = JSON.stringify(options.body);
    }
    if (method !== 'GET' && this.csrfToken !== null) headers['X-CSRF-Token'] = this.csrfToken;

    const abort = new AbortController();
    const limit = options.timeoutMs ?? kTimeoutMs;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      abort.abort();
    }, limit);
    const cancel = () => abort.abort();
    options.signal?.addEventListener('abort', cancel);
    init.signal = abort.signal;
    try {
      const response = await this.fetchFn(withBase(path), init);
      if (!response.ok) throw await problem(response);
      if (response.status === 204) return undefined as T;
      return (await response.json()) as T;
    } catch (error) {
      if (error instanceof ApiError) {
        if (error.status === 401 && !options.expectsUnauthorized) this.onUnauthorized?.();
        throw error;
      }
      if (options.signal?.aborted) throw error;
      if (late) {
        throw new ApiError(0, 'timeout', `The server has not answered within ${limit / 1_000} s.`);
      }
      throw new ApiError(0, 'unreachable', 'The server cannot be reached.');
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', cancel);
    }
  }
}

async function problem(response: Response): Promise<ApiError> {
  let code = `http_${response.status}`;
  let message = `The server answered ${response.status}.`;
  try {
    const body = (await response.json()) as Record<string, unknown>;
    if (typeof body['code'] === 'string') code = body['code'];
    const text = body['detail'] ?? body['title'];
    if (typeof text === 'string' && text !== '') message = text;
  } catch {
    // A proxy's answer, say; the status has to do.
  }
  const header = response.headers.get('Retry-After');
  const retryAfter = header === null ? NaN : Number(header);
  return new ApiError(response.status, code, message, Number.isFinite(retryAfter) ? retryAfter : null);
}
