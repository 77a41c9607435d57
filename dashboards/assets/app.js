// Makes pages nicer where JavaScript runs; nothing here is needed to read or to act.
(() => {
  "use strict";

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const indian = (value, digits) => value.toLocaleString("en-IN", { maximumFractionDigits: digits });

  // A chart is drawn from the table in its own <figure>: the first column names the points, each other
  // numeric column is a series, and a cell's data-value is its number.
  function readTable(table) {
    const heads = [...table.tHead.rows[0].cells];
    const rows = [...table.tBodies[0].rows];
    const labels = rows.map((row) => (row.cells[0].dataset.label || row.cells[0].textContent).trim());
    const series = heads.slice(1).map((head, index) => ({
      name: head.textContent.trim(),
      data: rows.map((row) => {
        const raw = row.cells[index + 1].dataset.value;
        return raw === undefined || raw === "" ? null : Number(raw);
      }),
      shown: rows.map((row) => row.cells[index + 1].textContent.trim()),
      drawn: head.dataset.draw !== "no",
    }));
    return { labels, series: series.filter((one) => one.drawn) };
  }

  function draw(figure) {
    const table = figure.querySelector("table");
    const canvas = figure.querySelector(".chart-canvas");
    if (!table || !canvas || !window.echarts) return;
    canvas.hidden = false;
    const { labels, series } = readTable(table);
    const kind = figure.dataset.chart;
    const lying = kind === "bars" || kind === "stacked-bars";
    // Parts of one whole run from light to dark; series of their own kind have colours of their own.
    const ramp = ["--band-1", "--band-2", "--band-3", "--band-4", "--band-5", "--series-4", "--series-5"];
    const own = ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5"];
    const colours = (kind === "stacked-bars" ? ramp : own).map(css);
    const ink = css("--ink");
    const quiet = css("--quiet");
    const line = css("--line");
    const font = getComputedStyle(document.body).fontFamily;
    const short = (value) => {
      const unit = figure.dataset.unit;
      if (unit === "percent") return indian(value, 0) + " %";
      const size = Math.abs(value);
      const text = size >= 1e7 ? indian(value / 1e7, 1) + " cr" : size >= 1e5 ? indian(value / 1e5, 1) + " lakh" : indian(value, 1);
      return unit === "rupees" ? "₹" + text : text;
    };
    const names = {
      type: "category", data: labels, inverse: lying,
      axisLine: { lineStyle: { color: line } }, axisTick: { show: false },
      axisLabel: { color: quiet, fontFamily: font, width: lying ? Math.round(canvas.clientWidth * 0.36) : undefined, overflow: lying ? "truncate" : undefined, hideOverlap: true },
    };
    const values = {
      type: "value", splitNumber: 4,
      axisLabel: { color: quiet, fontFamily: font, formatter: short, hideOverlap: true },
      splitLine: { lineStyle: { color: line } },
      max: figure.dataset.unit === "percent" ? 100 : undefined,
      interval: figure.dataset.unit === "percent" ? 25 : undefined,
    };
    const chart = window.echarts.init(canvas, null, { renderer: "canvas" });
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches || navigator.webdriver;
    chart.setOption({
      animation: !still, animationDuration: 300, color: colours,
      textStyle: { fontFamily: font, color: ink },
      aria: { enabled: true, label: { description: figure.dataset.title } },
      grid: { left: 4, right: 18, top: series.length > 1 ? 34 : 12, bottom: 4, containLabel: true },
      legend: { show: series.length > 1, type: "scroll", left: 0, right: 0, top: 0, itemWidth: 14, itemHeight: 9, textStyle: { color: ink, fontFamily: font } },
      tooltip: {
        trigger: "axis", renderMode: "richText", confine: true, backgroundColor: css("--surface"), borderColor: line,
        textStyle: { color: ink, fontFamily: font, fontSize: 13 },
        formatter: (points) => [labels[points[0].dataIndex], ...points.map((p) => p.marker + p.seriesName + "  " + series[p.seriesIndex].shown[p.dataIndex])].join("\n"),
      },
      xAxis: lying ? values : names,
      yAxis: lying ? names : values,
      series: series.map((one, index) => ({
        name: one.name, data: one.data, type: kind === "line" ? "line" : "bar",
        stack: kind === "stacked-bars" ? "all" : undefined, barMaxWidth: 26,
        itemStyle: kind === "stacked-bars" ? { borderColor: css("--surface"), borderWidth: 1 } : undefined,
        symbol: ["circle", "rect", "triangle", "diamond", "emptyCircle"][index % 5], symbolSize: 6,
        lineStyle: { width: 2, type: ["solid", "dashed", "dotted"][index % 3] },
      })),
    });
    new ResizeObserver(() => chart.resize()).observe(canvas);
    return chart;
  }

  function drawAll() {
    document.querySelectorAll("figure[data-chart]").forEach((figure) => {
      const canvas = figure.querySelector(".chart-canvas");
      const old = canvas && window.echarts && window.echarts.getInstanceByDom(canvas);
      if (old) old.dispose();
      draw(figure);
    });
  }

  // The table under a chart folds away once the chart is there; without JavaScript it stays open.
  function foldTables() {
    document.querySelectorAll("figure[data-chart] details").forEach((one) => { one.open = false; });
  }

  if (window.echarts && document.querySelector("figure[data-chart]")) {
    foldTables();
    drawAll();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  }

  // A filter that is chosen applies itself; its button stays for keyboards and for pages without JavaScript.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-auto]");
    if (form && event.target.matches("select")) form.requestSubmit();
  });
})();
