// The score follows the player: marks the bar that sounds; a click on a bar goes there.
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

    const clock = s => Math.floor(s / 60) + ':' + String(Math.floor(s % 60)).padStart(2, '0');

    function follow() {
        const time = last.currentTime + 1e-3;
        const number = bars.findLastIndex(bar => bar.start_s <= time);
        if (number === sounding) return;
        marks.get(sounding)?.setAttribute('fill-opacity', UNMARKED);
        sounding = number;
        place.textContent = number < 0 ? '' : `bar ${bars[number].label}, ${clock(bars[number].start_s)}`;
        mark();
    }

    function mark() {
        const rectangle = marks.get(sounding);
        if (!rectangle) return;
        rectangle.setAttribute('fill-opacity', MARKED);
        const [bar, sheet] = [rectangle.getBoundingClientRect(), paper.getBoundingClientRect()];
        if (bar.top < sheet.top || bar.bottom > sheet.bottom)
            paper.scrollBy({top: bar.top - sheet.top - 8, behavior: 'smooth'});
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
            if (audio.getAttribute('src'))
                place.textContent = audio.getAttribute('aria-label') + ': this browser cannot play it';
        });
    }

    function goTo(number) {
        last.currentTime = bars[number].start_s;
        last.play();
    }

    // a picture cannot be marked: its SVG takes its place
    async function unfold(picture) {
        const text = await (await fetch(picture.src)).text();
        const root = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
        const svg = document.importNode(root, true);
        svg.setAttribute('role', 'img');
        svg.setAttribute('aria-label', picture.alt);
        if (!svg.hasAttribute('viewBox'))
            svg.setAttribute('viewBox', `0 0 ${parseFloat(svg.getAttribute('width'))} ${parseFloat(svg.getAttribute('height'))}`);
        svg.style.cssText = 'width:100%;height:auto;display:block';
        picture.replaceWith(svg);
        bars.forEach((bar, number) => {
            const measure = svg.querySelector(`[id="${bar.id}"]`);
            if (measure) marks.set(number, framed(measure, number));
        });
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
        rectangle.style.cssText = 'stroke:none;pointer-events:all'; // the SVG has rules of its own
        measure.prepend(rectangle);
        measure.style.cursor = 'pointer';
        measure.addEventListener('click', () => goTo(number));
        return rectangle;
    }

    for (const picture of paper.querySelectorAll('img')) {
        // Jupyter gives relative sources their address after this has run
        if (picture.complete && picture.naturalWidth) unfold(picture);
        else picture.addEventListener('load', () => unfold(picture), {once: true});
    }
})(document.currentScript.closest('[data-kcarol=follower]'));
