/** Shapes of the HTTP API that the dashboard uses (contracts/http.openapi.yaml). */

export type Role = 'admin' | 'operator' | 'viewer';

export interface User {
  id: string;
  username: string;
  role: Role;
}

export interface Session {
  user: User;
  csrf_token: string;
}

export type CameraState = 'connecting' | 'live' | 'stale' | 'offline';

export interface ApiCamera {
  id: string;
  number: number;
  name: string;
  state: CameraState;
  reason: string | null;
  fps: number;
  width: number;
  height: number;
  codec: string;
  last_frame_at: string | null;
}

export interface ApiAttendanceRecord {
  person_id: string;
  person: string;
  external_id: string | null;
  day: string;
  /** RFC 3339 with the offset of the site's zone. */
  first_seen: string;
  last_seen: string;
  sightings: number;
  status: string;
}

export interface ApiAttendance {
  timezone: string;
  today: string;
  from: string;
  to: string;
  records: ApiAttendanceRecord[];
}

export interface SystemInfo {
  version: string;
  timezone: string;
  today: string;
  /** Null members until media has told them. */
  engine: { name: string; model: string; trial: boolean; notice: string } | null;
  /** `legacy`: pictures go to the server at `url`; else they are shown here and `url` is empty. */
  publish: { mode: string; url: string };
  media_connected: boolean;
}
