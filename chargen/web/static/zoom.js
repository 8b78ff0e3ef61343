// Zooming and panning pictures, several bound together: wheel and drag, `z` and the buttons.
"use strict";

class Zoom {
  constructor(frames) {
    this.frames = frames;
    this.reset();
    for (const frame of frames) {
      frame.addEventListener("wheel", (event) => {
        event.preventDefault();
        this.scale(event.deltaY < 0 ? 1.2 : 1 / 1.2, frame, event);
      }, { passive: false });
      frame.addEventListener("pointerdown", (event) => {
        if (event.button === 0 && this.factor > 1) this.drag(frame, event);
      });
    }
  }

  reset() {
    this.factor = 1;
    this.x = this.y = 0;
    this.show();
  }

  toggle() {
    if (this.factor > 1) this.reset();
    else this.scale(3);
  }

  // Scale about the pointer, else about the middle; x and y are parts of the frame, so that frames of any size agree.
  scale(by, frame, event) {
    const factor = Math.min(16, Math.max(1, this.factor * by));
    let [px, py] = [0, 0];
    if (frame) {
      const box = frame.getBoundingClientRect();
      px = (event.clientX - box.left) / box.width - 0.5;
      py = (event.clientY - box.top) / box.height - 0.5;
    }
    this.x = px - ((px - this.x) * factor) / this.factor;
    this.y = py - ((py - this.y) * factor) / this.factor;
    this.factor = factor;
    if (factor === 1) this.x = this.y = 0;
    this.show();
  }

  drag(frame, start) {
    const box = frame.getBoundingClientRect();
    const [x, y] = [this.x, this.y];
    frame.setPointerCapture(start.pointerId);
    const move = (event) => {
      this.x = x + (event.clientX - start.clientX) / box.width;
      this.y = y + (event.clientY - start.clientY) / box.height;
      this.show();
    };
    frame.addEventListener("pointermove", move);
    frame.addEventListener("lostpointercapture", () => frame.removeEventListener("pointermove", move), { once: true });
  }

  show() {
    for (const frame of this.frames) {
      for (const picture of frame.querySelectorAll("img")) {
        picture.style.transform = `translate(${this.x * 100}%, ${this.y * 100}%) scale(${this.factor})`;
      }
      frame.classList.toggle("zoomed", this.factor > 1);
    }
  }
}
