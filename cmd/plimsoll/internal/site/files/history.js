// Search in tables, and charts that people can zoom. The pages show the same figures without it.
"use strict";
(function () {
  // Search boxes are shown only with scripts.
  for (const box of document.querySelectorAll("input[data-filter]")) {
    const rows = document.querySelectorAll("#" + box.dataset.filter + " tbody tr");
    box.closest(".search").hidden = false;
    box.addEventListener("input", function () {
      const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) {
        const text = (row.dataset.text || "").toLowerCase();
        row.hidden = !words.every(function (word) { return text.includes(word); });
      }
    });
  }

  const main = document.querySelector("main[data-months]");
  if (!main || typeof uPlot !== "function") return;

  // Unpacking: see pack.go.
  const alphabet = "!#$%&()*+,-./0123456789:;=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~";
  const widths = [0, 0.005, 0.01, 0.02, 0.035, 0.06, 0.1, 0.18, 0.35];
  const digit = {};
  for (let i = 0; i < alphabet.length; i++) digit[alphabet[i]] = i;

  // Shares are written as one character, so they have no bands.
  function shares(packed, n) {
    const values = new Array(n).fill(packed ? null : 0);
    for (let i = 0; packed && i < n; i++) {
      const k = digit[packed.v[i]];
      if (k !== undefined) values[i] = k === 0 ? 0 : Math.pow(10, 6 * ((k - 1) / 88 - 1));
    }
    return { values, lower: new Array(n).fill(null), upper: new Array(n).fill(null) };
  }

  function unpack(packed, n) {
    const values = new Array(n).fill(null), lower = new Array(n).fill(null), upper = new Array(n).fill(null);
    if (!packed) return { values, lower, upper };
    const text = packed.v || "", bands = packed.b || "", decade = packed.d || 0;
    for (let i = 0; i < n; i++) {
      const first = text[2 * i], second = text[2 * i + 1];
      if (first === undefined || first === " ") { values[i] = null; continue; }
      if (second === undefined || second === " ") { values[i] = 0; continue; }
      const k = digit[first] * 90 + digit[second];
      const value = (100 + k % 900) * Math.pow(10, decade + Math.floor(k / 900));
      values[i] = value;
      const band = digit[bands[i]];
      if (band !== undefined) {
        lower[i] = value * (1 - widths[Math.floor(band / 9)]);
        upper[i] = value * (1 + widths[band % 9]);
      }
    }
    return { values, lower, upper };
  }

  function unrepeat(text, n) {
    const all = text === undefined ? [] : text.split(" ");
    for (let i = 1; i < all.length; i++) if (all[i] === "=") all[i] = all[i - 1];
    while (all.length < n) all.push("");
    return all;
  }

  // Numbers as metric.go writes them: a test compares them.
  function digits(v) {
    if (v === 0) return "0";
    if (v >= 1000) return Math.round(v).toString().replace(/\B(?=(\d{3})+$)/g, ",");
    const text = v.toFixed(Math.min(Math.max(2 - Math.floor(Math.log10(v)), 0), 6));
    return /[1-9]/.test(text) ? text : "< 0.000001";
  }
  const sizes = {
    ns: [[1e9, " s"], [1e6, " ms"], [1e3, " µs"]], bytes: [[1073741824, " GiB"], [1048576, " MiB"], [1024, " KiB"]],
    rate: [[1, " /s"]], share: [[0.01, " %"]], count: [[1, ""]],
  };
  function say(unit, v) {
    if (v === null || v === undefined) return "–";
    const all = sizes[unit], size = all.find(function (s) { return v >= s[0] * 0.9995; }) || all[all.length - 1];
    return digits(v / size[0]) + size[1];
  }
  // The end of those numbers.

  const route = Number(main.dataset.route);
  const months = JSON.parse(main.dataset.months);
  const environments = JSON.parse(main.dataset.environments);
  const total = months.reduce(function (sum, m) { return sum + m[2]; }, 0);
  const charts = [];
  for (const element of document.querySelectorAll(".chart[data-metric]")) {
    charts.push({
      element, key: element.dataset.metric, name: element.dataset.name, unit: element.dataset.unit, system: element.dataset.system === "true",
      steps: JSON.parse(element.dataset.steps), values: [], lower: [], upper: [], plot: null,
    });
  }
  // The runs that are loaded, oldest first; first is the index of the oldest one in the group.
  const runs = { first: total, time: [], id: [], commit: [], ci: [], environment: [], excluded: [], accepted: [], marks: [] };

  // A chunk is a call of this function.
  window.plimsollMonth = function (name, chunk) {
    const n = chunk.seconds.length;
    const own = { time: [], id: [], commit: unrepeat(chunk.commit, n), ci: unrepeat(chunk.ci, n), environment: [], excluded: [], accepted: [], marks: [] };
    let at = chunk.start;
    for (let i = 0; i < n; i++) {
      at += chunk.seconds[i];
      const marks = (chunk.marks || {})[i] || [];
      own.time.push(at);
      own.id.push(chunk.id.substr(i * chunk.idSize, chunk.idSize).trim());
      own.environment.push((chunk.env || {})[i] || 0);
      own.marks.push(marks.join("; "));
      own.excluded.push(marks.some(function (m) { return m.startsWith("excluded"); }));
      own.accepted.push(marks.some(function (m) { return m.startsWith("accepted"); }));
    }
    for (const key of Object.keys(own)) runs[key] = own[key].concat(runs[key]);
    runs.first = chunk.first;
    for (const chart of charts) {
      const packed = (chart.system ? chunk.system : chunk.of[route])[chart.key];
      const part = (chart.unit === "share" ? shares : unpack)(packed, n);
      for (const key of ["values", "lower", "upper"]) chart[key] = part[key].concat(chart[key]);
    }
  };

  let left = months.length; // chunks that are not loaded; the newest are loaded first
  function load(atLeast, done) {
    if (left === 0 || runs.time.length >= atLeast) { done(); return; }
    const script = document.createElement("script");
    script.src = "data/" + months[left - 1][0] + ".js" + location.search;
    script.onload = function () { left--; load(atLeast, done); };
    script.onerror = function () { readout.textContent = "The figures of " + months[left - 1][0] + " cannot be loaded."; done(); };
    document.head.append(script);
  }

  const tools = document.getElementById("tools");
  const readout = document.createElement("output");
  readout.setAttribute("aria-live", "polite");
  const links = document.createElement("span");

  function colours() {
    const style = getComputedStyle(document.documentElement);
    const get = function (name) { return style.getPropertyValue(name).trim(); };
    return {
      ink: get("--dim"), line: get("--line"), worse: get("--worse"), better: get("--better"),
      environment: function (i) { return get("--e" + Math.min(i, 6)); },
    };
  }

  let zooming = false; // all charts are being zoomed, or drawn
  function zoomAll(min, max) {
    const first = runs.time[0], last = runs.time[runs.time.length - 1], span = Math.min(max - min, last - first);
    if (span > 0) {
      min = Math.min(Math.max(min, first), last - span);
      max = min + span;
    }
    zooming = true;
    for (const chart of charts) if (chart.plot) chart.plot.setScale("x", { min, max });
    zooming = false;
  }

  // marked draws the parts that uPlot has no series for: bands of rounds, steps, accepted changes.
  function marked(chart, look) {
    return function (u) {
      const ctx = u.ctx, ratio = devicePixelRatio || 1;
      const x = function (i) { return u.valToPos(runs.time[i], "x", true); };
      ctx.save();
      ctx.beginPath();
      ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
      ctx.clip();
      ctx.globalAlpha = 0.35;
      ctx.lineWidth = 3 * ratio;
      for (let i = 0; i < runs.time.length; i++) {
        if (chart.lower[i] === null || runs.excluded[i] || runs.time[i] < u.scales.x.min || runs.time[i] > u.scales.x.max) continue;
        ctx.strokeStyle = look.environment(runs.environment[i]);
        ctx.beginPath();
        ctx.moveTo(x(i), u.valToPos(chart.lower[i], "y", true));
        ctx.lineTo(x(i), u.valToPos(chart.upper[i], "y", true));
        ctx.stroke();
      }
      ctx.globalAlpha = 1;
      const line = function (i, dash, stroke) {
        if (i < 0 || i >= runs.time.length) return;
        ctx.setLineDash(dash.map(function (d) { return d * ratio; }));
        ctx.strokeStyle = stroke;
        ctx.lineWidth = 1.5 * ratio;
        ctx.beginPath();
        ctx.moveTo(x(i), u.bbox.top);
        ctx.lineTo(x(i), u.bbox.top + u.bbox.height);
        ctx.stroke();
      };
      for (const step of chart.steps) line(step[0] - runs.first, [6, 4], step[3] ? look.worse : look.better);
      runs.accepted.forEach(function (is, i) { if (is && !runs.excluded[i]) line(i, [2, 3], look.ink); });
      ctx.restore();
    };
  }

  // cross draws the points of excluded runs.
  function cross(look) {
    return function (self, series, from, to) {
      const ctx = self.ctx, size = 3 * (devicePixelRatio || 1), values = self.data[series];
      ctx.save();
      ctx.strokeStyle = look.ink;
      ctx.beginPath();
      for (let i = from; i <= to; i++) {
        if (values[i] === null || values[i] === undefined) continue;
        const x = self.valToPos(self.data[0][i], "x", true), y = self.valToPos(values[i], "y", true);
        ctx.moveTo(x - size, y - size); ctx.lineTo(x + size, y + size);
        ctx.moveTo(x + size, y - size); ctx.lineTo(x - size, y + size);
      }
      ctx.stroke();
      ctx.restore();
      return null;
    };
  }

  const powers = []; // steps of an axis of bytes
  for (let i = 0; i < 50; i++) powers.push(Math.pow(2, i));

  function data(chart, shown) {
    const all = [runs.time];
    for (const e of shown) {
      all.push(chart.values.map(function (v, i) { return runs.environment[i] === e && !runs.excluded[i] ? v : null; }));
    }
    all.push(chart.values.map(function (v, i) { return runs.excluded[i] ? v : null; }));
    return all;
  }

  function draw() {
    const look = colours();
    const shown = Array.from(new Set(runs.environment)).sort(function (a, b) { return a - b; });
    const old = charts[0].plot, scale = old ? { min: old.scales.x.min, max: old.scales.x.max } : null;
    for (const chart of charts) {
      if (chart.plot) chart.plot.destroy();
      chart.plot = null;
    }
    zooming = true;
    for (const chart of charts) {
      const series = [{}];
      for (const e of shown) {
        const stroke = look.environment(e);
        series.push({ label: environments[e], stroke, width: 0, paths: function () { return null; }, points: { show: true, size: 5, stroke, fill: stroke } });
      }
      series.push({ label: "excluded", stroke: look.ink, paths: cross(look), points: { show: false } });
      const axis = { stroke: look.ink, grid: { stroke: look.line, width: 1 }, ticks: { stroke: look.line, width: 1 } };
      const options = {
        width: chart.element.clientWidth, height: 220, legend: { show: false }, series, tzDate: function (seconds) { return uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC"); },
        cursor: { sync: { key: "runs", setSeries: false }, points: { show: false }, drag: { x: true, y: false }, focus: { prox: -1 } },
        scales: { x: { time: true }, y: { range: range(chart) } },
        axes: [Object.assign({ values: dates }, axis), Object.assign({ size: 78, incrs: chart.unit === "bytes" ? powers : undefined, values: function (u, splits) { return splits.map(function (v) { return v < 0 ? "" : say(chart.unit, v); }); } }, axis)],
        hooks: {
          draw: [marked(chart, look)],
          setScale: [function (u, key) { if (key === "x" && !zooming) zoomAll(u.scales.x.min, u.scales.x.max); }],
          setCursor: [function (u) { if (chart.element.matches(":hover")) tell(u.cursor.idx, chart); }],
        },
      };
      let at = chart.element.querySelector(".plot");
      if (!at) {
        at = document.createElement("div");
        at.className = "plot";
        at.tabIndex = 0;
        at.setAttribute("role", "group");
        at.setAttribute("aria-label", chart.name + ": arrow keys go from run to run, + and - zoom, 0 shows all");
        at.addEventListener("keydown", function (event) { if (key(event, chart)) event.preventDefault(); });
        chart.element.append(at);
      }
      chart.element.classList.add("live");
      options.width = chart.element.clientWidth;
      chart.plot = new uPlot(options, data(chart, shown), at);
      if (scale) chart.plot.setScale("x", scale);
    }
    zooming = false;
    more.hidden = left === 0;
    more.textContent = "Load older runs (" + (total - runs.time.length) + ")";
  }

  // range returns the ends of an axis. It holds the visible runs and their bands, and starts at zero unless all lie far above.
  function range(chart) {
    return function (u, min, max) {
      if (min === null || max === null) return [0, 1];
      for (let i = 0; i < runs.time.length; i++) {
        if (chart.lower[i] === null || runs.excluded[i] || runs.time[i] < u.scales.x.min || runs.time[i] > u.scales.x.max) continue;
        min = Math.min(min, chart.lower[i]);
        max = Math.max(max, chart.upper[i]);
      }
      const margin = (max - min) / 10 || max / 10 || 1;
      const low = Math.max(min - margin, 0), high = max + margin;
      return [low < high / 3 ? 0 : low, high];
    };
  }

  // dates formats the labels of the time axis: months, days or minutes, in UTC like all times on the pages.
  function dates(u, splits, axis, space, step) {
    return splits.map(function (seconds, i) {
      const text = new Date(seconds * 1e3).toISOString();
      if (step >= 28 * 86400) return text.slice(0, 7);
      const day = text.slice(5, 10) + (i === 0 ? "\n" + text.slice(0, 4) : "");
      return step >= 86400 ? day : text.slice(11, 16) + "\n" + text.slice(5, 10);
    });
  }

  let pointed = null; // index of the run whose figures are shown
  function tell(i, chart) {
    if (i === null || i === undefined || i === pointed && chart === tell.of) return;
    pointed = i;
    tell.of = chart;
    const lower = chart.lower[i], when = new Date(runs.time[i] * 1e3).toISOString().slice(0, 16).replace("T", " ");
    readout.textContent = when + " · " + chart.name + " " + say(chart.unit, chart.values[i]) +
      (lower === null || lower === undefined ? "" : " (rounds about " + say(chart.unit, lower) + " to " + say(chart.unit, chart.upper[i]) + ")") +
      (runs.commit[i] ? " · commit " + runs.commit[i].slice(0, 12) : "") + " · run " + runs.id[i].slice(0, 12) + " · " + environments[runs.environment[i]] +
      (runs.marks[i] ? " · " + runs.marks[i] : "") + " ";
    links.replaceChildren();
    for (const name of ["report", "commit"]) {
      const to = address(main.dataset[name], i);
      if (!to) continue;
      const a = document.createElement("a");
      a.href = to;
      a.rel = "noreferrer";
      a.textContent = name;
      links.append(a, " ");
    }
  }

  // address fills a run's values into a link, as Link in names.go does.
  function address(template, i) {
    if (!template) return "";
    const values = { id: runs.id[i], commit: runs.commit[i], ci_run: runs.ci[i] };
    let missing = false;
    const text = template.replace(/\{(\w+)\}/g, function (_, name) {
      if (!values[name]) missing = true;
      return String(values[name]).split("/").filter(Boolean).map(function (part) { return /^\.+$/.test(part) ? part.replace(/\./g, "%2E") : encodeURIComponent(part); }).join("/");
    });
    return missing ? "" : text;
  }

  function key(event, chart) {
    const n = runs.time.length, plot = chart.plot;
    if (event.ctrlKey || event.metaKey || event.altKey || n === 0) return false;
    switch (event.key) {
      case "ArrowLeft": point(chart, pointed === null ? n - 1 : Math.max(pointed - 1, 0)); return true;
      case "ArrowRight": point(chart, pointed === null ? n - 1 : Math.min(pointed + 1, n - 1)); return true;
      case "Home": point(chart, 0); return true;
      case "End": point(chart, n - 1); return true;
      case "+": case "=": zoom(0.5, plot); return true;
      case "-": zoom(2, plot); return true;
      case "0": zoomAll(runs.time[0], runs.time[n - 1]); return true;
    }
    return false;
  }

  function point(chart, i) {
    tell(i, chart);
    const u = chart.plot, value = chart.values[i];
    if (runs.time[i] < u.scales.x.min || runs.time[i] > u.scales.x.max) {
      const half = (u.scales.x.max - u.scales.x.min) / 2;
      zoomAll(runs.time[i] - half, runs.time[i] + half);
    }
    u.setCursor({ left: u.valToPos(runs.time[i], "x"), top: value === null ? 0 : u.valToPos(value, "y") });
  }

  function zoom(factor, plot) {
    const x = plot.scales.x, middle = pointed === null ? (x.min + x.max) / 2 : Math.min(Math.max(runs.time[pointed], x.min), x.max);
    const half = Math.max((x.max - x.min) * factor / 2, 60);
    zoomAll(middle - half, middle + half);
  }

  function button(text, label, act) {
    const b = document.createElement("button");
    b.type = "button";
    b.textContent = text;
    b.setAttribute("aria-label", label);
    b.addEventListener("click", act);
    tools.append(b);
    return b;
  }
  button("+", "Zoom in", function () { zoom(0.5, charts[0].plot); });
  button("−", "Zoom out", function () { zoom(2, charts[0].plot); });
  button("All", "Show all runs that are loaded", function () { zoomAll(runs.time[0], runs.time[runs.time.length - 1]); });
  const more = button("", "Load older runs", function () { pointed = null; load(Infinity, function () { draw(); zoomAll(runs.time[0], runs.time[runs.time.length - 1]); }); });
  more.removeAttribute("aria-label");
  tools.append(readout, links);
  if (charts.length === 0) return;

  load(1000, function () {
    if (runs.time.length === 0) return;
    tools.hidden = false;
    readout.textContent = "Point at a run, or drag to zoom.";
    draw();
    let width = main.clientWidth;
    new ResizeObserver(function () {
      if (main.clientWidth === width) return;
      width = main.clientWidth;
      for (const chart of charts) chart.plot.setSize({ width: chart.element.clientWidth, height: 220 });
    }).observe(main);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    document.documentElement.dataset.charts = "drawn"; // tests wait for it
  });
})();
