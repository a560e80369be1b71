import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { ConflictBanner } from "../src/conflict.js";

/** As much of a DOM element as the banner needs. */
class Element {
  children = [];
  append(...children) {
    this.children.push(...children);
  }
  replaceChildren(...children) {
    this.children = children;
    this.drawn = (this.drawn ?? 0) + 1;
  }
  setAttribute() {}
  addEventListener() {}
}
globalThis.document = { createElement: () => new Element() };

test("while one types on, the difference is drawn once at first and once in the end", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const banner = new ConflictBanner(() => {});
  const [, , list] = banner.dom.children;
  banner.show("Mine", "Theirs");
  assert.equal(list.drawn, 1);
  for (const typed of ["Mine,", "Mine, and", "Mine, and more"]) {
    banner.show(typed, "Theirs");
    mock.timers.tick(300);
  }
  assert.equal(list.drawn, 1);
  mock.timers.tick(2000);
  assert.equal(list.drawn, 2);
  assert.match(JSON.stringify(list), /and more/);
  banner.show("Mine, and more.", "Theirs");
  banner.hide();
  mock.timers.tick(2000);
  assert.equal(list.drawn, 2);
  banner.show("Other", "Theirs");
  assert.equal(list.drawn, 3);
  mock.timers.reset();
});
