// The viewpoint of a panel and the perspective projection. Positions are fractions of the side
// lengths of the box.

const EYE_DISTANCE = 4;   // from the eye to the centre of the box, in units of its longest side
const MAX_ELEVATION = 89.9;

class Camera {
  constructor(scene) {
    this.scene = scene;
    this.reset();
  }

  reset() {
    this.zoom = 1;
    this.pan = [0, 0];
    this.look(this.scene.azimuth, this.scene.elevation);
  }

  look(azimuth, elevation) {
    this.azimuth = azimuth;
    this.elevation = elevation;
  }

  // Rotates by a movement of the pointer, in pixels.
  rotate(dx, dy) {
    this.azimuth -= 0.4 * dx;
    this.elevation = Math.max(-MAX_ELEVATION, Math.min(MAX_ELEVATION, this.elevation + 0.4 * dy));
  }

  // Moves the picture by a movement of the pointer, in pixels.
  move(dx, dy) {
    this.pan[0] += dx;
    this.pan[1] -= dy;
  }

  // Computes the projection for a panel of this size, in CSS pixels.
  resize(width, height) {
    const [turn, rise] = [this.azimuth * Math.PI / 180, this.elevation * Math.PI / 180];
    const [s, c, high, flat] = [Math.sin(turn), Math.cos(turn), Math.sin(rise), Math.cos(rise)];
    const barWidth = this.scene.colour_bar ? 90 : 0;
    // Unit vectors to the right, upwards and towards the eye.
    this.right = [-s, c, 0];
    this.up = [-high * c, -high * s, flat];
    this.eye = [flat * c, flat * s, high];
    this.size = [width, height];
    this.scale = this.zoom * 0.62 * Math.min(width - barWidth - 50, height - 40);
    this.offset = [this.pan[0] - barWidth / 2, this.pan[1] + 8];
  }

  // The pixel coordinates of a position.
  project(position) {
    const centred = position.map((x, k) => (x - 0.5) * this.scene.side_lengths[k]);
    const dot = (v) => centred[0] * v[0] + centred[1] * v[1] + centred[2] * v[2];
    const w = (EYE_DISTANCE - dot(this.eye)) / EYE_DISTANCE;
    return [this.size[0] / 2 + this.offset[0] + this.scale * dot(this.right) / w,
      this.size[1] / 2 - this.offset[1] - this.scale * dot(this.up) / w];
  }
}
