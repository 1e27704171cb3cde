// Sends a chosen file to the kernel piece by piece, each when the one before has arrived: Jupyter
// drops messages of more than ten megabytes, as those of ipywidgets' FileUpload are, without a word.
const PIECE = 1 << 20; // bytes

function render({model, el}) {
    const label = el.appendChild(document.createElement('label'));
    const input = document.createElement('input');
    const progress = document.createElement('output');
    label.append('or bring your own: ', input, progress);
    Object.assign(label.style, {display: 'block', marginLeft: '6em'});
    Object.assign(input, {type: 'file', accept: model.get('accept')});
    input.style.maxWidth = '100%';
    let file, start;

    async function send() {
        try {
            const piece = await file.slice(start, start + PIECE).arrayBuffer();
            model.send({name: file.name, size: file.size, start}, undefined, [piece]);
        } catch (error) {
            end(`${file.name}: the browser cannot read it: ${error.message}`);
        }
    }

    function end(text) {
        progress.textContent = text;
        file = undefined;
        input.value = ''; // the same file may be chosen again
        input.disabled = false;
    }

    input.addEventListener('change', () => {
        [file] = input.files;
        if (!file) return;
        start = 0;
        input.disabled = true; // pieces of two files would be mixed
        progress.textContent = 'waiting for the kernel ...'; // it may be busy with other cells
        send();
    });
    model.on('msg:custom', ({received}) => {
        if (!file) return; // another view of this widget sends
        start = received;
        if (start >= file.size) return end('');
        progress.textContent = `${Math.round((100 * start) / file.size)} %`;
        send();
    });
}

export default {render};
