// The shader programs: lines, points and arrowheads. Each is a pair of vertex and fragment shader.

const TEXTURE_WIDTH = 2048;   // texels per row of a data texture

const PROJECTION = `#version 300 es
precision highp float;
uniform vec3 sides, right, up, eye;
uniform vec2 view, offset;
uniform float scale;
vec4 project(vec3 p) {
  vec3 c = (p - 0.5) * sides;
  float d = dot(c, eye), w = (${EYE_DISTANCE}.0 - d) / ${EYE_DISTANCE}.0;
  vec2 at = offset * w + scale * vec2(dot(c, right), dot(c, up));
  return vec4(at / (view * 0.5), -d / 1.8 * w, w);
}
float depth(vec3 p) { return clamp(0.5 + dot((p - 0.5) * sides, eye) / length(sides), 0.0, 1.0); }
`;

// Each segment is a rectangle of four vertices.
const LINE_SHADERS = [PROJECTION + `
uniform highp usampler2D segments;    // indices of the two end points of each segment
uniform highp sampler2D positions;    // position, and arc length along the curve
uniform highp sampler2D attributes;   // colour (-1: no position), time step, trial
uniform float width, fade, now, trail, trial;
out vec4 colour;
out float arc_length;
ivec2 texel(int i) { return ivec2(i % ${TEXTURE_WIDTH}, i / ${TEXTURE_WIDTH}); }
void main() {
  int segment = gl_VertexID / 4, corner = gl_VertexID % 4;
  uvec4 ends = texelFetch(segments, texel(segment), 0);
  ivec2 from = texel(int(ends.x)), to = texel(int(ends.y));
  vec4 a = texelFetch(positions, from, 0), b = texelFetch(positions, to, 0);
  vec4 start = texelFetch(attributes, from, 0);
  bool visible = start.x >= 0.0 && texelFetch(attributes, to, 0).x >= 0.0
    && !(trial >= 0.0 && start.z != trial) && !(now >= 0.0 && start.y >= now);
  // Hidden segments are moved outside the clip volume.
  if (!visible) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    colour = vec4(0.0);
    arc_length = 0.0;
    return;
  }
  bool at_end = corner % 2 == 1;
  float side = corner < 2 ? -1.0 : 1.0;
  vec4 p = project(a.xyz), q = project(b.xyz);
  vec2 along = (q.xy / q.w - p.xy / p.w) * view;
  float pixels = length(along);
  vec2 direction = pixels > 1e-6 ? along / pixels : vec2(1.0, 0.0);
  vec4 end = at_end ? q : p;
  vec2 normal = vec2(-direction.y, direction.x);
  vec2 shift = (normal * side + direction * (at_end ? 0.25 : -0.25)) * width / view;
  // Slightly farther than points, so that a point at the end of a line stays visible.
  gl_Position = end + vec4(shift * end.w, 0.002 * end.w, 0.0);
  float dist = 1.0 - depth(at_end ? b.xyz : a.xyz);
  vec3 rgb = vec3(ivec3(start.x) >> ivec3(16, 8, 0) & 255) / 255.0;
  colour = vec4(mix(rgb, vec3(1.0), fade * dist), 1.0);
  if (now >= 0.0 && start.y < now - trail) colour.a *= 0.13;
  arc_length = (at_end ? b.w : a.w) * scale;
}`, `#version 300 es
precision highp float;
uniform float opacity;
uniform vec2 dash;        // dash length and period, in pixels
in vec4 colour;
in float arc_length;
out vec4 fragment;
void main() {
  if (dash.y > 0.0 && mod(arc_length, dash.y) > dash.x) discard;
  float a = colour.a * opacity;
  fragment = vec4(colour.rgb * a, a);
}`];

const POINT_SHADERS = [PROJECTION + `
uniform float ratio;
in vec3 position, rgb;
in float size;
out vec3 colour;
out float square, radius;
void main() {
  gl_Position = project(position);
  radius = 0.5 * size * ratio / gl_Position.w;
  square = 2.7 * radius + 4.0;
  gl_PointSize = square;
  colour = rgb;
}`, `#version 300 es
precision highp float;
uniform float opacity, ratio;
uniform int marker;
in vec3 colour;
in float square, radius;
out vec4 fragment;
// Signed distance to the outline of the marker in pixels; the shapes match those of SVG figures.
float signed_distance(vec2 p, float r, float pen) {
  vec2 q = abs(p);
  if (marker == 1) return max(q.x, q.y) - 0.9 * r;
  if (marker == 2) return max(p.y - 0.8 * r, dot(vec2(q.x, p.y + 1.2 * r), vec2(2.0, -1.1)) / 2.2825);
  if (marker == 3) return (dot(q, vec2(1.3, 1.1)) - 1.43 * r) / 1.703;
  if (marker == 4) { q = abs(vec2(p.x + p.y, p.x - p.y)) * 0.7071; r *= 1.273; }
  if (marker == 4 || marker == 5) return min(max(q.x - r, q.y - pen), max(q.y - r, q.x - pen));
  if (marker == 6) return abs(length(p) - r) - pen;
  return length(p) - r;
}
void main() {
  float pen = 0.7 * ratio;
  float d = signed_distance((gl_PointCoord - 0.5) * square, radius, pen);
  bool filled = marker < 4;
  // Filled markers have a white outline, one pixel wide.
  float a = clamp((filled ? 1.5 : 0.5) - d, 0.0, 1.0) * opacity;
  if (a <= 0.02) discard;
  fragment = vec4((filled ? mix(colour, vec3(1.0), clamp(d + 0.5, 0.0, 1.0)) : colour) * a, a);
}`];

const ARROWHEAD_SHADERS = [PROJECTION + `
uniform float width;
in vec3 from, to, rgb;
in float corner;          // 0: tip; 1 and -1: corners of the base
out vec3 colour;
void main() {
  vec4 p = project(from), q = project(to);
  vec2 along = (q.xy / q.w - p.xy / p.w) * 0.5 * view;
  float pixels = length(along), size = min(4.0 + 4.0 * sqrt(width), 0.6 * pixels);
  vec2 direction = pixels > 1e-6 ? along / pixels : vec2(1.0, 0.0);
  vec2 normal = vec2(-direction.y, direction.x);
  vec2 shift = size * (0.45 * corner * normal - abs(corner) * direction) / (0.5 * view);
  gl_Position = q + vec4(shift * q.w, 0.004 * q.w, 0.0);
  colour = rgb;
}`, `#version 300 es
precision highp float;
uniform float opacity;
in vec3 colour;
out vec4 fragment;
void main() { fragment = vec4(colour, 1.0) * opacity; }`];

// The vertex attributes of points and arrowheads, with their number of components.
const POINT_FIELDS = [["position", 3], ["rgb", 3], ["size", 1]];
const ARROWHEAD_FIELDS = [["from", 3], ["to", 3], ["rgb", 3], ["corner", 1]];

// The markers in the order of their numbers in the shader.
const MARKERS = ["dot", "square", "triangle", "diamond", "cross", "plus", "ring"];
