// SPDX-License-Identifier: Apache-2.0
/**
 * The 256 emoji of the comparison, in a fixed order that both sides share (docs/e2ee.md), each with the name that is read
 * aloud. One code point each, from Unicode 9 or older, and no two that are easily taken for each other.
 */
const LIST = `
🐶 dog|🐱 cat|🐭 mouse|🐹 hamster|🐰 rabbit|🦊 fox|🐻 bear|🐼 panda|🐨 koala|🐯 tiger|🦁 lion|🐮 cow|🐷 pig|🐸 frog|🐵 monkey|🐔 chicken
🐧 penguin|🐦 bird|🐤 chick|🦆 duck|🦅 eagle|🦉 owl|🦇 bat|🐺 wolf|🐗 boar|🐴 horse|🦄 unicorn|🐝 bee|🐛 caterpillar|🦋 butterfly|🐌 snail|🐞 ladybird
🐜 ant|🦂 scorpion|🐢 turtle|🐍 snake|🦎 lizard|🐙 octopus|🦑 squid|🦐 shrimp|🦀 crab|🐡 pufferfish|🐬 dolphin|🐳 whale|🦈 shark|🐊 crocodile|🐘 elephant|🐪 camel
🦏 rhinoceros|🐑 sheep|🐐 goat|🦌 deer|🦃 turkey|🐓 rooster|🐾 paws|🐉 dragon|🌵 cactus|🎄 decorated tree|🌲 fir|🌴 palm|🌱 seedling|🍀 clover|🍁 maple leaf|🍄 mushroom
🌰 chestnut|🌷 tulip|🌹 rose|🌻 sunflower|🌍 globe|🌙 moon|⭐ star|🔥 fire|🌈 rainbow|⚡ lightning|⛄ snowman|💧 drop|🌊 wave|☔ umbrella|🍏 green apple|🍐 pear
🍊 orange|🍋 lemon|🍌 banana|🍉 watermelon|🍇 grapes|🍓 strawberry|🍒 cherries|🍑 peach|🍍 pineapple|🥝 kiwi|🥑 avocado|🍅 tomato|🍆 aubergine|🥒 cucumber|🥕 carrot|🌽 maize
🥔 potato|🍠 sweet potato|🥐 croissant|🍞 bread|🧀 cheese|🥚 egg|🥓 bacon|🍗 drumstick|🍔 burger|🍟 chips|🍕 pizza|🌭 hot dog|🌮 taco|🍝 spaghetti|🍜 noodle soup|🍣 sushi
🍤 prawn|🍙 rice ball|🍦 ice cream|🍩 doughnut|🍪 biscuit|🎂 birthday cake|🍫 chocolate|🍬 sweet|🍭 lollipop|🍯 honey|🍿 popcorn|🍼 baby bottle|🍵 tea|🍷 wine glass|🍸 cocktail|🍺 beer
⚽ football|🏀 basketball|🏈 american football|⚾ baseball|🎾 tennis ball|🏐 volleyball|🎱 billiard ball|🏓 table tennis|🏸 badminton|🥊 boxing glove|🎯 target|🎳 bowling|🎿 skis|🏆 trophy|🏅 medal|🎪 circus tent
🎨 palette|🎬 clapperboard|🎤 microphone|🎧 headphones|🎹 piano|🥁 drum|🎷 saxophone|🎺 trumpet|🎸 guitar|🎻 violin|🎲 die|🎮 game controller|🎰 slot machine|🚗 car|🚕 taxi|🚌 bus
🚓 police car|🚑 ambulance|🚒 fire engine|🚚 lorry|🚜 tractor|🚲 bicycle|🛵 scooter|🚂 locomotive|🚁 helicopter|🚀 rocket|⛵ sailing boat|🚢 ship|⚓ anchor|⛽ fuel pump|🚦 traffic light|🗿 stone face
🗽 statue|🗼 tower|🏰 castle|🎡 ferris wheel|🎢 roller coaster|⛲ fountain|🌋 volcano|⛺ tent|🏠 house|🏭 factory|⛪ church|🌉 bridge|⌚ watch|📱 phone|💻 laptop|📷 camera
📺 television|📻 radio|⏰ alarm clock|⌛ hourglass|🔋 battery|🔌 plug|💡 light bulb|🔦 torch|💎 gem|🔧 spanner|🔨 hammer|🔩 bolt|🔗 chain link|🏹 bow and arrow|⛳ golf flag|🍳 frying pan
🔮 crystal ball|💈 barber pole|🔭 telescope|🔬 microscope|💊 pill|🚿 shower|🚽 toilet|🛁 bath|🔑 key|🚪 door|🛒 shopping trolley|🎁 present|🎈 balloon|🎀 ribbon|📦 parcel|📜 scroll
📅 calendar|📌 pin|📎 paper clip|📏 ruler|🍴 fork and knife|🔒 padlock|🔍 magnifying glass|📖 book|🎓 graduation cap|🔔 bell|👑 crown|👓 glasses|👔 tie|👕 t-shirt|👖 jeans|👗 dress
🐟 fish|🎩 top hat|💍 ring|💄 lipstick|👛 purse|🎒 rucksack|👟 shoe|👠 high heel|📫 letterbox|🚩 flag|🎵 musical note|🥞 pancakes|🎃 pumpkin|👻 ghost|🤖 robot|🛶 canoe
`;

/** @type {readonly {readonly char: string, readonly name: string}[]} */
export const EMOJI = Object.freeze(
  LIST.trim()
    .split(/[|\n]/)
    .map((entry) => {
      const space = entry.indexOf(' ');
      return Object.freeze({ char: entry.slice(0, space), name: entry.slice(space + 1) });
    }),
);
