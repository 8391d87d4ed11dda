/**
 * Pictures for the mock server: a room, and people drawn with shaded ellipses who walk about.
 * Encoded once a frame and width, and looped.
 */
import jpeg from 'jpeg-js';

export const kLoopFrames = 120;

const kRooms = [
  { wall: [168, 150, 128], floor: [92, 74, 60], door: [120, 92, 70] },
  { wall: [138, 152, 166], floor: [70, 78, 88], door: [88, 104, 120] },
  { wall: [150, 160, 140], floor: [84, 92, 74], door: [104, 116, 92] },
  { wall: [170, 160, 165], floor: [80, 70, 78], door: [112, 92, 104] },
];
const kSkins = [
  [224, 178, 148],
  [150, 104, 76],
  [240, 200, 172],
  [190, 140, 108],
];

/** Where a person's head is at frame `i`, in 0..1 of the picture; null while out of it. */
export function headAt(person, i) {
  const t = ((i + person.phase * kLoopFrames) % kLoopFrames) / kLoopFrames;
  if (t > person.presence) return null;
  const swing = Math.sin(t * Math.PI * 2);
  const w = person.size;
  return {
    x: Math.min(1 - w, Math.max(0, person.x + 0.05 * swing - w / 2)),
    y: Math.max(0, person.y + 0.02 * Math.cos(t * Math.PI * 4) - w),
    w,
    h: w * (16 / 9) * 1.25,
  };
}

/** One frame as JPEG. */
export function drawFrame(scene, i, width) {
  const height = Math.round((width * scene.ratio[1]) / scene.ratio[0] / 2) * 2;
  const data = Buffer.alloc(width * height * 4, 255);
  const room = kRooms[scene.index % kRooms.length];
  const horizon = Math.round(height * 0.68);
  for (let y = 0; y < height; y += 1) {
    const base = y < horizon ? room.wall : room.floor;
    const shade = y < horizon ? 0.75 + (0.25 * y) / horizon : 1.1 - (0.4 * (y - horizon)) / (height - horizon);
    for (let x = 0; x < width; x += 1) {
      const light = shade * (1 - 0.25 * Math.abs(x / width - 0.35));
      put(data, (y * width + x) * 4, base, light);
    }
  }
  rectangle(data, width, height, 0.78, 0.2, 0.12, 0.48, room.door);
  rectangle(data, width, height, 0.08, 0.16, 0.2, 0.26, [205, 220, 232]);
  for (const person of scene.people) {
    const head = headAt(person, i);
    if (head !== null) drawPerson(data, width, height, person, head);
  }
  return jpeg.encode({ data, width, height }, 72).data;
}

function drawPerson(data, width, height, person, head) {
  const cx = (head.x + head.w / 2) * width;
  const cy = (head.y + head.h / 2) * height;
  const rx = (head.w * width) / 2;
  const ry = (head.h * height) / 2;
  const skin = kSkins[person.look % kSkins.length];
  const hair = [[46, 34, 28], [24, 22, 24], [120, 84, 48], [70, 66, 66]][person.look % 4];
  const coat = [[44, 70, 104], [120, 48, 52], [52, 84, 70], [86, 80, 100]][person.look % 4];
  ellipse(data, width, height, cx, cy + ry * 2.7, rx * 2.1, ry * 1.9, coat);
  ellipse(data, width, height, cx, cy + ry * 0.9, rx * 0.5, ry * 0.5, skin);
  ellipse(data, width, height, cx, cy - ry * 0.18, rx * 1.06, ry * 1.0, hair);
  ellipse(data, width, height, cx, cy + ry * 0.1, rx * 0.88, ry * 0.86, skin);
  for (const side of [-1, 1]) {
    ellipse(data, width, height, cx + side * rx * 0.36, cy - ry * 0.02, rx * 0.15, ry * 0.075, [250, 250, 250]);
    ellipse(data, width, height, cx + side * rx * 0.36, cy - ry * 0.02, rx * 0.075, ry * 0.07, [40, 30, 26]);
  }
  ellipse(data, width, height, cx, cy + ry * 0.3, rx * 0.1, ry * 0.12, skin.map((c) => c * 0.85));
  ellipse(data, width, height, cx, cy + ry * 0.58, rx * 0.3, ry * 0.06, [150, 70, 70]);
}

function put(data, at, colour, light) {
  data[at] = Math.min(255, colour[0] * light);
  data[at + 1] = Math.min(255, colour[1] * light);
  data[at + 2] = Math.min(255, colour[2] * light);
}

function rectangle(data, width, height, x, y, w, h, colour) {
  for (let py = Math.round(y * height); py < Math.round((y + h) * height); py += 1) {
    for (let px = Math.round(x * width); px < Math.round((x + w) * width); px += 1) {
      put(data, (py * width + px) * 4, colour, 0.95);
    }
  }
}

function ellipse(data, width, height, cx, cy, rx, ry, colour) {
  const top = Math.max(0, Math.floor(cy - ry));
  const bottom = Math.min(height - 1, Math.ceil(cy + ry));
  for (let y = top; y <= bottom; y += 1) {
    const v = (y - cy) / ry;
    const half = rx * Math.sqrt(Math.max(0, 1 - v * v));
    for (let x = Math.max(0, Math.ceil(cx - half)); x <= Math.min(width - 1, cx + half); x += 1) {
      const u = (x - cx) / rx;
      put(data, (y * width + x) * 4, colour, 1.05 - 0.25 * (u * 0.5 + 0.5) - 0.12 * v * v);
    }
  }
}
