const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** First words of generated hosts: short, plain, easy to read aloud, and harmless beside any second word. */
export const FIRST_WORDS = words(`
  able airy amber ample apt arctic azure balmy bold brave breezy bright brisk broad bronze calm candid careful cheery
  civil clean clear clever coastal cobalt cool copper coral cosy crisp daring deep deft dewy eager early earnest easy
  even exact fair famous fast fine firm fleet fluent fond frank free fresh frosty gentle glad golden grand green happy
  hardy hazel hearty honest humble ideal indigo ivory jolly jovial keen kind large leafy light lively loyal lucid lucky
  lunar marble mellow merry mild mint mighty modest mossy neat nimble noble olive open patient pearly placid plain
  polar polite prime proud prudent quick quiet rapid ready regal robust rosy round royal ruby rustic sandy sharp shiny
  silent silver sincere sleek smart smooth snowy solar solid spry steady still stout sturdy sunny super sure swift
  tall teal tender tidy topaz tranquil trim true trusty upbeat urban valiant vast velvet vivid warm wise witty young
  zesty
`);

/** Second words: things that are found outdoors. */
export const SECOND_WORDS = words(`
  acorn alder antler apple arch ash aspen badger bank bark basin bay beach beacon beaver beech birch bison blossom
  bluff boulder branch breeze bridge brook canyon cape cavern cedar cliff cloud clover coast comet cove crane creek
  crest crow cypress dale dawn deer delta dove dune dusk eagle elk elm ember falcon fern field finch fir fjord flint
  forest fox garden geyser glacier glade glen granite grove gull harbor harvest hawk heath hedge heron hickory hill
  hollow horizon iris island ivy jasper juniper kestrel kite lagoon lake larch lark laurel leaf ledge lichen lily
  linden lotus lynx maple marsh meadow mesa mist moon moor moose moss mountain oak oasis ocean opal orchard osprey
  otter owl palm pass path peak pebble petal pine plain plateau pond poplar prairie quail quarry rain raven reed reef
  ridge river robin rock rowan sage seal shell shore sky slope snow spring spruce star stone storm stream summit sun
  swan thicket thistle tide timber trail tundra valley vine violet wave willow wind wolf wren yarrow
`);
