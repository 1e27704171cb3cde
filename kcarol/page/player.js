/* Players of a song that share one position: at most one sound of the page plays. Without this
   script each sound has the browser's own player. */
"use strict";

const TEXTS = document.querySelector("main").dataset; // in the page's language

class SongPlayer {
    constructor(card) {
        this.card = card;
        this.seconds = Number(card.dataset.seconds);
        this.tracks = [...card.querySelectorAll(".track")];
        this.sounds = this.tracks.map(track => track.querySelector("audio"));
        this.slider = card.querySelector("input");
        this.now = card.querySelector(".now");
        this.status = card.querySelector("output");
        this.position = 0;
        this.current = null;
        this.show();
        this.listen();
    }

    show() {
        this.card.querySelector(".transport").hidden = false;
        for (const track of this.tracks) {
            track.querySelector("audio").controls = false;
            track.querySelector("button").hidden = false;
        }
        this.draw();
    }

    listen() {
        this.tracks.forEach((track, number) => {
            const sound = this.sounds[number];
            track.querySelector("button").addEventListener("click", () => this.press(number));
            track.querySelector(".picture").addEventListener("click", event => {
                const box = event.currentTarget.getBoundingClientRect();
                this.seek((event.clientX - box.left) / box.width * this.tracks[number].dataset.seconds);
                this.play(number);
            });
            sound.addEventListener("play", () => this.mark(number, true));
            sound.addEventListener("pause", () => this.mark(number, false));
            for (const event of ["timeupdate", "pause"])
                sound.addEventListener(event, () => this.follow(number));
            sound.addEventListener("ended", () => { this.seek(0); this.say(TEXTS.ended); });
        });
        this.slider.addEventListener("input", () => this.seek(Number(this.slider.value)));
        this.card.addEventListener("keydown", event => this.key(event));
        // browsers that do not focus a pressed button would send keys elsewhere
        this.card.addEventListener("click", () => {
            if (!this.card.contains(document.activeElement)) this.card.focus({preventScroll: true});
        });
    }

    key(event) {
        if (event.ctrlKey || event.metaKey || event.altKey || !/^[0-9]$/.test(event.key)) return;
        const number = Number(event.key) - 1;
        if (number >= this.sounds.length) return;
        if (number < 0) this.stop();
        else {
            this.play(number);
            this.tracks[number].querySelector("button").focus();
        }
        event.preventDefault();
    }

    press(number) {
        if (this.sounds[number].paused) this.play(number);
        else this.stop();
    }

    play(number) {
        const sound = this.sounds[number], before = this.sounds[this.current];
        if (before && !before.paused) this.position = before.currentTime;
        for (const other of document.querySelectorAll("audio")) if (other !== sound) other.pause();
        this.current = number;
        sound.currentTime = this.position;
        sound.play().then(
            () => { this.say(filled(TEXTS.playing, {track: this.label(number)})); this.load(); },
            reason => {
                if (reason.name !== "AbortError") this.say(filled(TEXTS.fails, {reason: reason.message}));
            });
    }

    load() { for (const sound of this.sounds) sound.preload = "auto"; }

    stop() {
        for (const sound of this.sounds) sound.pause();
        if (this.current !== null) this.follow(this.current); // its event comes later
        this.say(TEXTS.paused);
    }

    seek(seconds) {
        this.position = Math.min(Math.max(0, seconds), this.seconds);
        const sound = this.sounds[this.current];
        if (sound) sound.currentTime = this.position;
        this.draw();
    }

    follow(number) {
        const sound = this.sounds[number];
        if (number !== this.current) return;
        this.position = sound.currentTime;
        this.draw();
    }

    mark(number, plays) {
        this.tracks[number].classList.toggle("sounds", plays);
        this.tracks[number].querySelector("button").setAttribute("aria-pressed", plays);
    }

    draw() {
        const text = clock(this.position);
        this.card.style.setProperty("--at", this.position / this.seconds);
        this.now.textContent = text;
        this.slider.value = this.position;
        this.slider.setAttribute(
            "aria-valuetext", filled(TEXTS.place, {now: text, whole: clock(this.seconds)}));
    }

    label(number) { return this.tracks[number].querySelector(".label").textContent; }

    say(text) { this.status.textContent = text; }
}

function filled(text, values) { return text.replace(/{(\w+)}/g, (_, name) => values[name]); }

function clock(seconds) {
    const whole = Math.floor(seconds);
    return Math.floor(whole / 60) + ":" + String(whole % 60).padStart(2, "0");
}

document.querySelector(".keys").hidden = false;
for (const card of document.querySelectorAll(".card")) new SongPlayer(card);
