// Which points lie inside a line that was drawn around them.

/**
 * Whether a point is inside a polygon, by the number of its edges to the right of the point.
 * @param {number} x
 * @param {number} y
 * @param {Array<[number, number]>} line the polygon's corners; the last joins the first
 */
export function isInside(x, y, line) {
  let inside = false;
  for (let one = 0, other = line.length - 1; one < line.length; other = one++) {
    const [x1, y1] = line[one];
    const [x2, y2] = line[other];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside;
}
