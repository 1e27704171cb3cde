// Sends a chosen file to the kernel piece by piece, each when the one before has arrived: Jupyter
// drops messages of more than ten megabytes, as those of ipywidgets' FileUpload are, without a word.
const PIECE = 1 << 20; // bytes

function render({model, el}) {
    const label = el.appendChild(document.createElement('label'));
    const input = document.createElement('input');
    const progress = document.createElement('output');
    label.append('or bring your own: ', input, progress);
    label.style.marginLeft = '6em';
    Object.assign(input, {type: 'file', accept: model.get('accept')});
    let file, start;

    async function send() {
        const piece = await file.slice(start, start + PIECE).arrayBuffer();
        model.send({name: file.name, size: file.size, start}, undefined, [piece]);
    }

    input.addEventListener('change', () => {
        [file] = input.files;
        start = 0;
        if (file) send();
    });
    model.on('msg:custom', ({received}) => {
        start = received;
        progress.textContent = start < file.size ? `${Math.round((100 * start) / file.size)} %` : '';
        if (start < file.size) send();
        else input.value = ''; // the same file may be chosen again
    });
}

export default {render};
