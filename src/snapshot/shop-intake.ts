/** Takes the shops of a build in the order of their file and holds, in columns, what the snapshot will need of them. */
import { check } from '../base/errors.ts';
import { Float64List } from '../base/growing-list.ts';
import { CatalogBuilder } from '../catalog/catalog-builder.ts';
import type { CatalogSections } from '../catalog/catalog.ts';
import type { OpeningHoursBuilder } from '../catalog/opening-hours-builder.ts';
import { RADIUS_METERS_UNLIMITED } from '../domain/location.ts';
import { chordSquaredOfMeters } from '../geo/earth.ts';
import { NO_REACH } from '../geo/reach-tree.ts';
import { ZonesBuilder } from '../geo/zones.ts';
import type { InputFaults } from './input/input-faults.ts';
import { readShops, type PlacedShop } from './input/read-shops.ts';
import type { ShopRow } from './input/shop-row.ts';

export class ShopIntake {
  readonly lons = new Float64List();
  readonly lats = new Float64List();
  /** Squared chord of each shop's own delivery radius, or NO_REACH. */
  readonly reaches = new Float64List();
  /** NaN of shops whose owner says nothing. */
  readonly popularity = new Float64List();
  /** Of each row. */
  readonly categories: (string | undefined)[] = [];
  readonly hours: OpeningHoursBuilder;
  #zones: ZonesBuilder | undefined = new ZonesBuilder();
  /** By row, of each of its zones what the section `zoneHours` holds. */
  readonly #zoneHours = new Map<number, readonly number[]>();
  #catalog: CatalogBuilder | undefined = new CatalogBuilder();
  readonly #rowOfId = new Map<string, number>();
  readonly #places: string[] = [];
  readonly #path: string;
  readonly #faults: InputFaults;

  private constructor(path: string, hours: OpeningHoursBuilder, faults: InputFaults) {
    this.#path = path;
    this.hours = hours;
    this.#faults = faults;
  }

  /** Reads all shops; bad ones and repeated ids are added to `faults`. */
  static async read(
    path: string,
    hours: OpeningHoursBuilder,
    faults: InputFaults,
    onProgress: (done: number, total: number) => void,
  ): Promise<ShopIntake> {
    const intake = new ShopIntake(path, hours, faults);
    for await (const shops of readShops(path, faults, onProgress)) {
      for (const shop of shops) intake.#add(shop);
    }
    return intake;
  }

  get count(): number {
    return this.#rowOfId.size;
  }

  /** In the order of the shops' file. */
  get shopIds(): Iterable<string> {
    return this.#rowOfId.keys();
  }

  /** The input row of a shop, or undefined if the shops' file does not have it. */
  rowOf(shopId: string): number | undefined {
    return this.#rowOfId.get(shopId);
  }

  /** The sections of the catalog, once: what they were made of is let go. */
  takeCatalog(order: Uint32Array): CatalogSections {
    check(this.#catalog !== undefined, 'the catalog was taken before');
    const sections = this.#catalog.encode(order);
    this.#catalog = undefined;
    return sections;
  }

  /** The sections of the zones, once, as of `takeCatalog`. */
  takeZones(order: Uint32Array): { readonly zones: Uint8Array; readonly zoneHours: Uint32Array } {
    check(this.#zones !== undefined, 'the zones were taken before');
    const zones = this.#zones.encode(order);
    this.#zones = undefined;
    const zoneHours: number[] = [];
    for (const row of order) zoneHours.push(...(this.#zoneHours.get(row) ?? []));
    return { zones, zoneHours: Uint32Array.from(zoneHours) };
  }

  /** Where a row stands in the shops' file. */
  placeOf(row: number): string {
    return this.#places[row]!;
  }

  #add({ shop, place }: PlacedShop): void {
    const first = this.#rowOfId.get(shop.shopId);
    if (first !== undefined) {
      const found = `${JSON.stringify(shop.shopId)}, which ${this.#places[first]!} has already`;
      this.#faults.add({ file: this.#path, place, column: 'shopId', found, expected: 'each shopId once' });
      return;
    }
    this.#rowOfId.set(shop.shopId, this.#places.length);
    this.#places.push(place);
    this.lons.push(shop.lon);
    this.lats.push(shop.lat);
    this.reaches.push(reachOf(shop));
    this.popularity.push(shop.popularity ?? Number.NaN);
    this.categories.push(shop.category);
    const { zones = [] } = shop;
    const zoneHours = this.hours.add(
      shop,
      zones.map(({ openingHours }) => openingHours),
    );
    if (zones.length > 0) {
      const row = this.#places.length - 1;
      this.#zones!.add(row, zones);
      this.#zoneHours.set(row, zoneHours);
    }
    this.#catalog!.add(shop);
  }
}

/** Zones without a radius decide alone; with neither, a shop delivers anywhere. */
function reachOf({ deliveryRadiusMeters, zones }: ShopRow): number {
  if (deliveryRadiusMeters === undefined && zones !== undefined) return NO_REACH;
  return chordSquaredOfMeters(deliveryRadiusMeters ?? RADIUS_METERS_UNLIMITED);
}
