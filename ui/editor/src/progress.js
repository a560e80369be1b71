/** Words about words: how many were found, how many were written. Pure. */

const number = (count) => count.toLocaleString("en");
const words = (count) => `${number(count)} ${count === 1 ? "word" : "words"}`;

/** What the bar says of `{problem, count, at}`. */
export function countText({ problem, count, at }) {
  if (problem) return problem;
  return count ? `${number(at + 1)} of ${number(count)}` : "Not found";
}

/** The foot's word on `{today, goals: {day}}`: calm, and nothing where nothing was written and no goal is set. */
export function progressLine({ today, goals }) {
  if (goals.day) return `${number(today)} of ${words(goals.day)} today`;
  return today ? `${words(today)} today` : "";
}
