/** The package has no declarations. */
declare module "html-encoding-sniffer" {
  /** The canonical name of an encoding, such as `UTF-8`. */
  export default function sniff(
    bytes: Uint8Array,
    options?: { readonly transportLayerEncodingLabel?: string; readonly defaultEncoding?: string },
  ): string;
}
