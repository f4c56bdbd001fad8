(() => {
  const tools = document.querySelector('.tools');
  const all = [...document.querySelectorAll('details')];
  let before = null;
  addEventListener('beforeprint', () => {
    before = all.map((entry) => entry.open);
    all.forEach((entry) => { entry.open = true; });
  });
  addEventListener('afterprint', () => {
    if (before) all.forEach((entry, index) => { entry.open = before[index]; });
    before = null;
  });
  if (!tools) return;
  const findings = [...document.querySelectorAll('.finding')];
  const groups = [...document.querySelectorAll('.group')];
  const filter = document.getElementById('filter');
  const shown = document.getElementById('shown');
  const texts = findings.map((entry) => (entry.parentElement.querySelector('.small').textContent + ' ' + entry.textContent).toLowerCase());
  tools.hidden = false;
  tools.addEventListener('submit', (event) => event.preventDefault());
  filter.addEventListener('input', () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    findings.forEach((entry, index) => {
      const fits = words.every((word) => texts[index].includes(word));
      entry.hidden = !fits;
      if (fits) count += 1;
    });
    groups.forEach((group) => { group.hidden = !group.querySelector('.finding:not([hidden])'); });
    shown.textContent = words.length ? count + ' of ' + findings.length + ' shown' : '';
  });
  document.getElementById('open').addEventListener('click', () => findings.forEach((entry) => { entry.open = true; }));
  document.getElementById('close').addEventListener('click', () => findings.forEach((entry) => { entry.open = false; }));
})();
