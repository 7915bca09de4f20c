// Reading a QR code out of a picture: by the browser where it can, else by the decoder that is shipped.

// More pixels make it slower, not better.
const SIDE_MAX = 1024;

let detector;
let decoder;

async function native() {
    if (!("BarcodeDetector" in globalThis)) return null;
    const formats = await BarcodeDetector.getSupportedFormats().catch(() => []);
    return formats.includes("qr_code") ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
}

const canvas = document.createElement("canvas");

function pixels(source, width, height) {
    const scale = Math.min(1, SIDE_MAX / Math.max(width, height));
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(source, 0, 0, canvas.width, canvas.height);
    return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** The text of a QR code in this video frame or bitmap, or null. */
export async function read(source, width, height, effort) {
    if (!width || !height) return null;
    detector ??= native();
    const found = await (await detector)?.detect(source).catch(() => []);
    if (found?.length > 0) return found[0].rawValue;
    decoder ??= import("./vendor/qr-decode.js");
    const { decodeQR } = await decoder;
    try {
        return decodeQR(pixels(source, width, height), effort);
    } catch {
        return null;
    }
}

export async function readFile(file) {
    const bitmap = await createImageBitmap(file).catch(() => null);
    return bitmap && read(bitmap, bitmap.width, bitmap.height, { effort: 8, timeLimit: 3000 });
}
