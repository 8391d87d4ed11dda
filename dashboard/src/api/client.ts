import { HttpClient } from './http';
import type { ApiAttendance, ApiCamera, Session, SystemInfo } from './types';

const kFirstAnswerMs = 5_000;
/** Passwords are hashed slowly on purpose, and others may be before us. */
const kPasswordMs = 20_000;

/** The calls the dashboard makes, each one request. */
export class ApiClient {
  constructor(readonly http: HttpClient = new HttpClient()) {}

  async me(): Promise<Session> {
    const session = await this.http.request<Session>('/api/auth/me', {
      // Nothing is shown before this is answered.
      timeoutMs: kFirstAnswerMs,
      expectsUnauthorized: true,
    });
    this.http.csrfToken = session.csrf_token;
    return session;
  }

  async login(username: string, password: string): Promise<Session> {
    const session = await this.http.request<Session>('/api/auth/login', {
      method: 'POST',
      body: { username, password },
      timeoutMs: kPasswordMs,
      expectsUnauthorized: true,
    });
    this.http.csrfToken = session.csrf_token;
    return session;
  }

  async logout(): Promise<void> {
    await this.http.request('/api/auth/logout', { method: 'POST', expectsUnauthorized: true });
    this.http.csrfToken = null;
  }

  async changePassword(currentPassword: string, newPassword: string): Promise<void> {
    await this.http.request('/api/auth/password', {
      method: 'POST',
      body: { current_password: currentPassword, new_password: newPassword },
      timeoutMs: kPasswordMs,
      // A wrong current password may be answered with 401 as well as 403 or 422.
      expectsUnauthorized: true,
    });
  }

  async cameras(signal?: AbortSignal): Promise<ApiCamera[]> {
    const answer = await this.http.request<{ cameras: ApiCamera[] }>(
      '/api/cameras',
      signal ? { signal } : {},
    );
    return answer.cameras;
  }

  /** Records of one day; `date` omitted: today in the site's zone. */
  attendance(date?: string, signal?: AbortSignal): Promise<ApiAttendance> {
    const query = date === undefined ? '' : `?date=${encodeURIComponent(date)}`;
    return this.http.request(`/api/attendance${query}`, signal ? { signal } : {});
  }

  system(signal?: AbortSignal): Promise<SystemInfo> {
    return this.http.request('/api/system', signal ? { signal } : {});
  }
}
