/** Reads a take out as it comes, for screen readers: whole sentences, each once, never single tokens; then its end. */

const sentences = new Intl.Segmenter(undefined, { granularity: "sentence" });

export class Announcer {
  #say;
  #take = null;
  #said = 0;
  #over = false;

  /** `say(text)` is heard by screen readers. */
  constructor(say) {
    this.#say = say;
  }

  /** The take that is shown has grown: `{key, text, done}`. What is complete and was not yet said is said. */
  grown({ key, text, done }) {
    if (key !== this.#take) [this.#take, this.#said, this.#over] = [key, 0, false];
    if (this.#over) return;
    const segments = [...sentences.segment(text.slice(this.#said))];
    // The last may go on: its end is known when another follows, or the take is done.
    const whole = (done ? segments : segments.slice(0, -1)).map(({ segment }) => segment).join("");
    this.#said += whole.length;
    this.#over = done;
    const words = `${whole.trim()} ${done ? "Take ready." : ""}`.trim();
    if (words) this.#say(words);
  }
}
