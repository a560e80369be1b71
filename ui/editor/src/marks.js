/** Marks in the text that fall away where it is edited; the rest is carried along, at the cost of the edit alone. Pure. */

/** `marks` (a RangeSet) after `changes`: without those that the edit touched, be it at an edge. */
export function carried(marks, changes) {
  marks = marks.map(changes);
  changes.iterChangedRanges((_fromA, _toA, fromB, toB) => {
    marks = marks.update({ filterFrom: fromB, filterTo: toB, filter: (from, to) => to < fromB || from > toB });
  });
  return marks;
}
