// The score follows the player: marks the bar that sounds; a click on a bar, or Enter, goes there.
// `block` holds players, pages of a score as pictures, and the bars as JSON.
(block => {
    const MARKED = 0.35, UNMARKED = 0; // opacity
    const bars = JSON.parse(block.querySelector('script[type="application/json"]').textContent);
    const audios = [...block.querySelectorAll('audio')];
    const paper = block.querySelector('[data-kcarol=paper]');
    const place = block.querySelector('[data-kcarol=place]');
    const marks = new Map(); // number of a bar -> its rectangle
    let last = audios[audios.length - 1];
    let sounding = -1;
    let reachable = -1; // by Tab: one bar of all, from which arrows go on

    const clock = s => Math.floor(s / 60) + ':' + String(Math.floor(s % 60)).padStart(2, '0');

    const named = bar => `bar ${bar.label}, at ${clock(bar.start_s)}`;

    place.textContent = 'press play, or click a bar (by keys: Tab, arrows, Enter)';

    function follow() {
        const time = last.currentTime + 1e-3;
        const number = bars.findLastIndex(bar => bar.start_s <= time);
        if (number === sounding) return;
        marks.get(sounding)?.setAttribute('fill-opacity', UNMARKED);
        sounding = number;
        place.textContent = number < 0 ? '' : named(bars[number]);
        mark();
    }

    function mark() {
        const rectangle = marks.get(sounding);
        if (!rectangle) return;
        rectangle.setAttribute('fill-opacity', MARKED);
        makeReachable(sounding);
        const [bar, sheet] = [rectangle.getBoundingClientRect(), paper.getBoundingClientRect()];
        if (bar.top < sheet.top || bar.bottom > sheet.bottom)
            paper.scrollTo({top: paper.scrollTop + bar.top - sheet.top - 8, behavior: 'smooth'});
    }

    function followWhilePlaying() {
        follow();
        if (!last.paused) requestAnimationFrame(followWhilePlaying);
    }

    for (const audio of audios) {
        audio.addEventListener('play', () => { last = audio; followWhilePlaying(); });
        for (const event of ['seeked', 'timeupdate'])
            audio.addEventListener(event, () => { if (audio === last) follow(); });
        audio.addEventListener('error', () => {
            if (audio.getAttribute('src')) sayThatItFails(audio);
        });
    }

    function sayThatItFails(audio) {
        place.setAttribute('aria-live', 'assertive');
        place.textContent = audio.getAttribute('aria-label') + ': this browser cannot play it';
    }

    function goTo(number) {
        last.currentTime = bars[number].start_s;
        last.play().catch(reason => {
            if (reason.name !== 'AbortError') sayThatItFails(last); // else paused before it began
        });
    }

    function makeReachable(number) {
        marks.get(reachable)?.parentElement.setAttribute('tabindex', -1);
        marks.get(number)?.parentElement.setAttribute('tabindex', 0);
        reachable = number;
    }

    function onKey(event, number) {
        const [before, after, end] = [number - 1, number + 1, bars.length - 1];
        const to = {ArrowLeft: before, ArrowRight: after, Home: 0, End: end}[event.key];
        if (event.key === 'Enter' || event.key === ' ') goTo(number);
        else if (marks.has(to)) {
            makeReachable(to);
            marks.get(to).parentElement.focus();
        } else return;
        event.preventDefault(); // the page would scroll
        event.stopPropagation(); // JupyterLab would edit the cell
    }

    // a picture cannot be marked: its SVG takes its place
    async function unfold(picture) {
        const text = await (await fetch(picture.src)).text();
        const root = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
        const svg = document.importNode(root, true);
        svg.setAttribute('role', 'group');
        svg.setAttribute('aria-label', picture.alt);
        if (!svg.hasAttribute('viewBox'))
            svg.setAttribute('viewBox', `0 0 ${parseFloat(svg.getAttribute('width'))} ${parseFloat(svg.getAttribute('height'))}`);
        svg.style.cssText = 'width:100%;height:auto;display:block';
        picture.replaceWith(svg);
        bars.forEach((bar, number) => {
            const measure = svg.querySelector(`[id="${bar.id}"]`);
            if (measure) marks.set(number, framed(measure, number));
        });
        if (sounding < 0) makeReachable(Math.min(...marks.keys()));
        mark();
    }

    // a rectangle behind a bar, as wide as its staff lines
    function framed(measure, number) {
        const line = (measure.querySelector('.staff > path') ?? measure).getBBox();
        const all = measure.getBBox();
        const rectangle = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
        const look = {x: line.x, y: all.y, width: line.width, height: all.height, fill: '#E69F00'};
        for (const [name, value] of Object.entries(look)) rectangle.setAttribute(name, value);
        rectangle.setAttribute('fill-opacity', UNMARKED);
        measure.prepend(rectangle);
        const button = {role: 'button', tabindex: -1, 'aria-label': named(bars[number])};
        for (const [name, value] of Object.entries(button)) measure.setAttribute(name, value);
        measure.addEventListener('click', () => goTo(number));
        measure.addEventListener('keydown', event => onKey(event, number));
        return rectangle;
    }

    for (const picture of paper.querySelectorAll('img')) {
        // Jupyter gives relative sources their address after this has run
        if (picture.complete && picture.naturalWidth) unfold(picture);
        else picture.addEventListener('load', () => unfold(picture), {once: true});
    }
})(document.currentScript.closest('[data-kcarol=follower]'));
