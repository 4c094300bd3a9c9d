"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const palette = JSON.parse(document.getElementById("palette").textContent);
  const config = { displayModeBar: false, responsive: true, doubleClick: "reset" };
  let plotly = null;

  // Plots.

  const unpack = async () => {
    const packed = atob(document.getElementById("plotly").textContent);
    const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
    return window.Plotly;
  };

  const barsIn = (content, key) =>
    [...content.querySelectorAll("script.bars")].find((block) => block.dataset.bars === key);

  const barsOf = (key) => {
    const packed = JSON.parse(barsIn(document, key).textContent);
    const decimals = (String(packed.tick).split(".")[1] || "").length;
    const points = (ticks) => Number((ticks * packed.tick).toFixed(decimals));
    const bars = { x: [], open: [], high: [], low: [], close: [] };
    let minute = 0, last = 0;
    packed.minute.forEach((gap, at) => {
      minute += gap;
      const open = last + packed.open[at], close = open + packed.close[at];
      bars.x.push(new Date(minute * 60000).toISOString().slice(0, 16).replace("T", " "));
      bars.open.push(points(open));
      bars.close.push(points(close));
      bars.high.push(points(Math.max(open, close) + packed.high[at]));
      bars.low.push(points(Math.min(open, close) - packed.low[at]));
      last = close;
    });
    return bars;
  };

  const coloured = (text) =>
    dark.matches ? text.replace(/#[0-9a-f]{6}/g, (colour) => palette[colour] || colour) : text;

  const draw = (canvas) => {
    const figure = JSON.parse(coloured(canvas.parentElement.querySelector("script.figure").textContent));
    if (canvas.dataset.bars) fitToBars(figure, barsOf(canvas.dataset.bars));
    if (canvas.clientWidth < 480 && figure.layout.legend) figure.layout.legend.font = { size: 10 };
    canvas.dataset.drawn = "";
    return plotly.newPlot(canvas, figure.data, figure.layout, config);
  };

  const fitToBars = (figure, bars) => {
    Object.assign(figure.data[0], bars);
    const [from, to] = figure.layout.xaxis.range;
    const levels = (figure.layout.shapes || []).flatMap((shape) => [shape.y0, shape.y1]);
    const seen = bars.x.map((at, row) => (at >= from && at <= to ? [bars.low[row], bars.high[row]] : [])).flat();
    const low = Math.min(...seen, ...levels), high = Math.max(...seen, ...levels);
    figure.layout.yaxis.range = [low - (high - low) * 0.05, high + (high - low) * 0.05];
  };

  const watcher = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      draw(target);
    }
  }, { rootMargin: "300px" });

  const watch = () => {
    if (!plotly) return;
    document.querySelectorAll(".canvas:not([data-drawn])").forEach((canvas) => watcher.observe(canvas));
  };

  dark.addEventListener("change", () => {
    document.querySelectorAll(".canvas[data-drawn]").forEach((canvas) => draw(canvas));
  });

  const ends = (axis) => axis.range.map((end) => axis.r2l(end));
  const keys = {
    ArrowLeft: ([low, high]) => [low - (high - low) / 5, high - (high - low) / 5],
    ArrowRight: ([low, high]) => [low + (high - low) / 5, high + (high - low) / 5],
    "+": ([low, high]) => [low + (high - low) / 5, high - (high - low) / 5],
    "-": ([low, high]) => [low - (high - low) / 3, high + (high - low) / 3],
  };
  document.addEventListener("keydown", (event) => {
    const canvas = event.target;
    if (!(canvas instanceof HTMLElement) || !canvas.matches(".canvas[data-drawn]") || event.ctrlKey || event.metaKey) return;
    const axis = canvas._fullLayout.xaxis;
    if (event.key === "0") {
      plotly.relayout(canvas, { "xaxis.autorange": true });
    } else if (keys[event.key] && axis.type !== "category") {
      const [low, high] = keys[event.key](ends(axis));
      plotly.relayout(canvas, { "xaxis.range": [axis.l2r(low), axis.l2r(high)] });
    } else {
      return;
    }
    event.preventDefault();
  });

  // Pages of trades: the overview gives way while one is open, and comes back where it was left.

  let left = 0, used = "";
  const part = (link) => link.closest("[id]").id;
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#trade="]');
    if (link) [left, used] = [scrollY, part(link)];
  });
  const target = () => document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const follow = (event) => {
    document.querySelectorAll(".trade.shown").forEach((page) => page.classList.remove("shown"));
    const open = target();
    if (open && open.matches(".trade")) {
      scrollTo(0, 0);
      open.querySelector("h1, h2").focus({ preventScroll: true });
      watch();
    } else if (event && event.oldURL.includes("#trade=")) {
      const back = event.oldURL.slice(event.oldURL.indexOf("#"));
      scrollTo(0, left);
      const links = [...document.querySelectorAll('a[href^="#trade="]')].filter((link) => link.hash === back);
      (links.find((link) => part(link) === used) || links[0])?.focus({ preventScroll: true });
    } else if (open && open.matches(".panel")) {
      open.querySelector("h2").focus({ preventScroll: true });
    }
  };
  addEventListener("hashchange", follow);

  // Served: look for a newer page, and take it in without moving what is being read.

  const main = document.querySelector("main");
  const focusable = 'a[href], summary, [tabindex]';
  const whereFocusIs = () => {
    const holder = document.activeElement?.closest("[id]");
    if (!holder) return () => {};
    const place = [...holder.querySelectorAll(focusable)].indexOf(document.activeElement);
    return () => {
      const found = document.getElementById(holder.id);
      (place < 0 ? found : found?.querySelectorAll(focusable)[place])?.focus({ preventScroll: true });
    };
  };
  const drawnFrom = (content, plot) => {
    const key = plot.querySelector(".canvas").dataset.bars;
    return plot.querySelector("script.figure").textContent + (key ? barsIn(content, key).textContent : "");
  };
  // The browser forgets its :target with the element; a page that the new content leaves out stays while it is read.
  const keep = (open, fresh) => {
    const key = open.querySelector(".canvas")?.dataset.bars;
    (fresh.querySelector(".pages") || fresh).append(open);
    if (key && !barsIn(fresh, key)) fresh.append(barsIn(main, key));
  };
  const swap = (html) => {
    const fresh = new DOMParser().parseFromString(`<main>${html}</main>`, "text/html").querySelector("main");
    const opened = new Set([...main.querySelectorAll("details[open][id]")].map((found) => found.id));
    const place = scrollY, focusAgain = whereFocusIs(), open = target();
    fresh.querySelectorAll("details[id]").forEach((found) => { found.open = opened.has(found.id); });
    fresh.querySelectorAll("figure.plot").forEach((plot) => {
      const old = document.getElementById(plot.id), canvas = old?.querySelector(".canvas[data-drawn]");
      if (canvas && drawnFrom(main, old) === drawnFrom(fresh, plot)) plot.replaceWith(old);
    });
    if (open?.matches(".trade")) {
      if (!fresh.ownerDocument.getElementById(open.id)) keep(open, fresh);
      fresh.ownerDocument.getElementById(open.id).classList.add("shown");
    }
    main.replaceChildren(...fresh.childNodes);
    focusAgain();
    scrollTo(0, place);
    watch();
  };
  const told = document.getElementById("told");
  const poll = async (version) => {
    let wait = 3000;
    try {
      const answer = await fetch("/version", { cache: "no-store" });
      const latest = await answer.text();
      if (answer.ok && latest !== version) {
        if (version) {
          swap(await (await fetch("/content", { cache: "no-store" })).text());
          told.textContent = "The dashboard has new figures.";
        }
        version = latest;
      }
      document.getElementById("live").textContent = ", live";
    } catch {
      document.getElementById("live").textContent = ", no connection";
      wait = 5000;
    }
    setTimeout(() => poll(version), wait);
  };

  // Begin when the first picture is on the screen.

  requestAnimationFrame(() => setTimeout(async () => {
    follow();
    if ("served" in document.documentElement.dataset) poll("");
    if (!("DecompressionStream" in window)) {
      document.documentElement.classList.add("plain");
      return;
    }
    plotly = await unpack();
    document.documentElement.dataset.ready = "";
    watch();
  }, 0));
})();
