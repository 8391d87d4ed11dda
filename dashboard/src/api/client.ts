import { HttpClient, type RequestOptions } from './http';
import type { Answer, ApiAttendance, ApiCamera, PathOf, Query, Sent, Session, SystemInfo } from './types';

const kFirstAnswerMs = 5_000;
/** Passwords are hashed slowly on purpose, and others may be before us. */
const kPasswordMs = 20_000;

type Options = Omit<RequestOptions, 'method' | 'body'>;

/** The calls the dashboard makes, each one request, with paths and shapes as the contract has them. */
export class ApiClient {
  constructor(readonly http: HttpClient = new HttpClient()) {}

  async me(): Promise<Session> {
    const session = await this.get('/api/auth/me', {
      // Nothing is shown before this is answered.
      timeoutMs: kFirstAnswerMs,
      expectsUnauthorized: true,
    });
    this.http.csrfToken = session.csrf_token;
    return session;
  }

  async login(username: string, password: string): Promise<Session> {
    const session = await this.post(
      '/api/auth/login',
      { username, password },
      { timeoutMs: kPasswordMs, expectsUnauthorized: true },
    );
    this.http.csrfToken = session.csrf_token;
    return session;
  }

  async logout(): Promise<void> {
    await this.post('/api/auth/logout', undefined, { expectsUnauthorized: true });
    this.http.csrfToken = null;
  }

  async changePassword(currentPassword: string, newPassword: string): Promise<void> {
    await this.post(
      '/api/auth/password',
      { current_password: currentPassword, new_password: newPassword },
      // The dialog stays and asks by itself whether a 401 was the session's end.
      { timeoutMs: kPasswordMs, expectsUnauthorized: true },
    );
  }

  async cameras(signal?: AbortSignal): Promise<ApiCamera[]> {
    return (await this.get('/api/cameras', signal ? { signal } : {})).cameras;
  }

  /** Records of one day; `date` omitted: today in the site's zone. */
  attendance(date?: string, signal?: AbortSignal): Promise<ApiAttendance> {
    return this.get('/api/attendance', signal ? { signal } : {}, date === undefined ? {} : { date });
  }

  system(signal?: AbortSignal): Promise<SystemInfo> {
    return this.get('/api/system', signal ? { signal } : {});
  }

  private get<Path extends PathOf<'get'>>(
    path: Path,
    options: Options,
    query?: Query<Path>,
  ): Promise<Answer<Path, 'get'>> {
    const text = new URLSearchParams(query).toString();
    return this.http.request(text === '' ? path : `${path}?${text}`, options);
  }

  private post<Path extends PathOf<'post'>>(
    path: Path,
    body: Sent<Path>,
    options: Options,
  ): Promise<Answer<Path, 'post'>> {
    return this.http.request(path, { ...options, method: 'POST', body });
  }
}
