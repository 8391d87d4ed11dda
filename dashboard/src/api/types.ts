/** The shapes of the HTTP API, taken from contract.ts, which is made from contracts/http.openapi.yaml. */
import type { components, paths } from './contract';

type Schemas = components['schemas'];

export type Role = Schemas['Role'];
export type User = Schemas['User'];
/** What login and `me` both tell. */
export type Session = Pick<Schemas['Me'], 'user' | 'csrf_token'>;
export type ApiCamera = Schemas['Camera'];
export type ApiAttendance = Schemas['Attendance'];
export type ApiAttendanceRecord = Schemas['Record'];
export type SystemInfo = Schemas['System'];

type Json<Body> = { content: { 'application/json': Body } };

/** The paths that the contract has `Method` for. */
export type PathOf<Method extends 'get' | 'post'> = {
  [Path in keyof paths]: paths[Path][Method] extends object ? Path : never;
}[keyof paths];

/** What a success answers. */
export type Answer<Path extends keyof paths, Method extends 'get' | 'post'> = paths[Path][Method] extends {
  responses: { 200: Json<infer Body> };
}
  ? Body
  : void;

/** What a request carries. */
export type Sent<Path extends PathOf<'post'>> = paths[Path]['post'] extends { requestBody: Json<infer Body> }
  ? Body
  : undefined;

/** What may follow the `?` of a GET. */
export type Query<Path extends PathOf<'get'>> = paths[Path]['get'] extends { parameters: { query?: infer Known } }
  ? NonNullable<Known>
  : never;
