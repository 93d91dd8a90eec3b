// The time line: zoom with the buttons, the keys + − 0 and arrows, Ctrl and wheel; drag to move.
(() => {
  "use strict";
  const box = document.getElementById("timeline");
  if (!box) return;
  const controls = document.getElementById("controls");
  const readout = document.getElementById("readout");
  const ticks = box.querySelector(".ticks");
  const end = Number(box.dataset.end);
  const closest = Math.min(end, 2000);
  let from = 0;
  let span = end;

  const area = () => ticks.getBoundingClientRect();
  const clock = (ms, tenths) => {
    const all = Math.floor(ms / 1000);
    const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
    const two = (n) => String(n).padStart(2, "0");
    const text = h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
    return tenths ? `${text}.${Math.floor(ms / 100) % 10}` : text;
  };

  function drawTicks() {
    const steps = [100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 3e4, 6e4, 12e4, 3e5, 6e5, 12e5, 18e5, 36e5, 72e5];
    const most = Math.max(2, Math.min(8, Math.floor(area().width / 72)));
    const step = steps.find((one) => span / one <= most) || Math.ceil(span / most);
    ticks.replaceChildren();
    for (let at = Math.ceil(from / step) * step; at <= from + span; at += step) {
      const tick = document.createElement("span");
      tick.textContent = clock(at, step < 1000);
      tick.style.left = `${((at - from) / span) * 100}%`;
      ticks.append(tick);
    }
  }

  function draw() {
    span = Math.min(end, Math.max(closest, span));
    from = Math.min(end - span, Math.max(0, from));
    for (const svg of box.querySelectorAll("svg.lanes")) {
      svg.setAttribute("viewBox", `${from} 0 ${span} ${svg.viewBox.baseVal.height}`);
    }
    for (const piece of box.querySelectorAll("[data-start]")) {
      const start = Math.max(from, Number(piece.dataset.start));
      const stop = Math.min(from + span, Number(piece.dataset.start) + Number(piece.dataset.length));
      piece.hidden = stop < start;
      piece.style.left = `${((start - from) / span) * 100}%`;
      piece.style.width = `${Math.max(0, (stop - start) / span) * 100}%`;
    }
    drawTicks();
    controls.querySelector("[data-do=in]").disabled = span <= closest;
    for (const name of ["out", "all"]) controls.querySelector(`[data-do=${name}]`).disabled = span >= end;
    controls.querySelector("[data-do=left]").disabled = from <= 0;
    controls.querySelector("[data-do=right]").disabled = from + span >= end;
    readout.textContent = span < end ? `${clock(from, true)} – ${clock(from + span, true)}` : "";
  }

  function zoom(factor, around = 0.5) {
    const at = from + span * around;
    span = Math.min(end, Math.max(closest, span * factor));
    from = at - span * around;
    draw();
  }

  const actions = {
    in: () => zoom(0.5),
    out: () => zoom(2),
    left: () => { from -= span / 4; draw(); },
    right: () => { from += span / 4; draw(); },
    all: () => { span = end; draw(); },
  };
  const keys = { "+": "in", "=": "in", "-": "out", "−": "out", ArrowLeft: "left", ArrowRight: "right", 0: "all", Escape: "all" };

  controls.hidden = false;
  controls.addEventListener("click", (event) => actions[event.target.dataset.do]?.());
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", "Time line: plus and minus zoom, the arrow keys move, 0 shows all");
  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    event.preventDefault();
    actions[keys[event.key]]();
  });

  const share = (event) => Math.min(1, Math.max(0, (event.clientX - area().left) / area().width));
  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 0.8 : 1.25, share(event));
  }, { passive: false });
  box.addEventListener("dblclick", (event) => zoom(0.5, share(event)));

  let grip = null;
  box.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || span >= end) return;
    grip = { x: event.clientX, from };
    box.setPointerCapture(event.pointerId);
    box.classList.add("moving");
  });
  box.addEventListener("pointermove", (event) => {
    if (grip) {
      from = grip.from - ((event.clientX - grip.x) / area().width) * span;
      draw();
    } else if (event.clientX >= area().left) {
      readout.textContent = clock(from + share(event) * span, true);
    }
  });
  for (const name of ["pointerup", "pointercancel"]) {
    box.addEventListener(name, () => { grip = null; box.classList.remove("moving"); });
  }
  window.addEventListener("resize", draw);
  window.addEventListener("beforeprint", () => { span = end; draw(); });
  draw();
})();
