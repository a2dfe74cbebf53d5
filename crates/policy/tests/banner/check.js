// What a reader sees of the banner in every frame: "ok", or everything that is wrong with it.
function rgba(text) {
  const n = text.match(/[\d.]+/g).map(Number);
  return { r: n[0], g: n[1], b: n[2], a: n.length > 3 ? n[3] : 1 };
}
function light(c) {
  const f = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * f(c.r) + 0.7152 * f(c.g) + 0.0722 * f(c.b);
}
function contrast(a, b) {
  const [x, y] = [light(a), light(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}
function look(frame) {
  const page = frame.contentDocument, view = frame.contentWindow;
  const own = page.querySelector('[id^=sekisho-]');
  if (!own) return ['no banner'];
  const wrong = new Set();
  const box = own.getBoundingClientRect();
  if (box.width < 300 || box.height < 40) wrong.add(`box ${box.width}x${box.height}`);
  const walk = page.createTreeWalker(own, view.NodeFilter.SHOW_TEXT);
  let texts = 0;
  while (walk.nextNode()) {
    const node = walk.currentNode;
    if (!node.data.trim()) continue;
    texts++;
    text(node, own, page, view, wrong);
  }
  if (texts < 3) wrong.add(`${texts} texts`);
  return [...wrong];
}
function text(node, own, page, view, wrong) {
  const range = page.createRange();
  range.selectNodeContents(node);
  const rect = range.getClientRects()[0];
  const parent = node.parentElement;
  const style = view.getComputedStyle(parent);
  const what = node.data.trim().slice(0, 20);
  if (!rect || rect.width < 2 || rect.height < 8) return wrong.add(`no size: ${what}`);
  if (!parent.checkVisibility({ opacityProperty: true, visibilityProperty: true })) wrong.add(`invisible: ${what}`);
  if (parseFloat(style.fontSize) < 12) wrong.add(`small: ${what}`);
  for (let at = parent; at; at = at.parentElement) {
    const s = view.getComputedStyle(at);
    if (parseFloat(s.opacity) < 1 || s.filter !== 'none' || s.clipPath !== 'none') wrong.add(`faded by ${at.tagName}`);
    if (own.contains(at))
      for (const pseudo of ['::before', '::after'])
        if (!['none', 'normal'].includes(view.getComputedStyle(at, pseudo).content)) wrong.add(`pseudo at ${at.tagName}`);
  }
  let ground = null;
  for (let at = parent; at && own.contains(at) && !ground; at = at.parentElement) {
    const c = rgba(view.getComputedStyle(at).backgroundColor);
    if (c.a === 1) ground = c;
  }
  const fill = rgba(style.webkitTextFillColor || style.color);
  if (!ground) wrong.add(`no ground: ${what}`);
  else if (fill.a < 1 || contrast(fill, ground) < 4.5) wrong.add(`contrast ${ground && contrast(fill, ground)}: ${what}`);
  const [x, y] = [rect.left + Math.min(rect.width, 20) / 2, rect.top + rect.height / 2];
  if (x < 0 || y < 0 || x > 800 || y > 600) wrong.add(`outside ${x},${y}: ${what}`);
  const hit = page.elementFromPoint(x, y);
  if (!hit || !own.contains(hit)) wrong.add(`covered by ${hit ? hit.tagName + '.' + hit.className : 'nothing'}: ${what}`);
}
addEventListener('load', () => {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const lines = [dark ? 'dark' : 'light'];
  for (const frame of document.querySelectorAll('iframe')) {
    let found;
    try { found = look(frame); } catch (error) { found = [String(error)]; }
    lines.push(found.length ? found.join('; ').replaceAll('\n', ' ') : 'ok');
  }
  document.body.textContent = '';
  const report = document.createElement('pre');
  report.textContent = '[report\n' + lines.join('\n') + '\nreport]';
  document.body.append(report);
});
