// Playback of the time steps of a scene.

const PLAYBACK_SECONDS = 6;   // duration of all time steps at the default speed
const MAX_SPEED = 64;

class Playback {
  constructor(steps) {
    this.steps = steps;
    this.step = -1;           // the current time step, with its fraction; -1: all steps are shown
    this.playing = false;
    this.speed = 1;           // relative to the default
  }

  get showsAll() { return this.step < 0; }

  // The last visible time step, as an integer.
  get shownStep() { return Math.max(0, this.step < 0 ? this.steps - 1 : Math.floor(this.step)); }

  // Starts or pauses. Playback that has ended starts again.
  toggle() {
    this.playing = !this.playing;
    if (this.playing && (this.step < 0 || this.step >= this.steps - 1)) this.step = 0;
    this.lastFrame = performance.now();
  }

  changeSpeed(factor) { this.speed = Math.max(1 / MAX_SPEED, Math.min(MAX_SPEED, this.speed * factor)); }

  goTo(step) {
    this.step = Math.max(0, Math.min(this.steps - 1, step));
    if (this.step === this.steps - 1 && !this.playing) this.step = -1;
  }

  // Advances to the time of a frame, in milliseconds.
  advance(now) {
    const seconds = Math.min(0.1, (now - this.lastFrame) / 1000);
    this.lastFrame = now;
    this.step = (this.step + seconds * this.speed * this.steps / PLAYBACK_SECONDS) % this.steps;
  }
}
