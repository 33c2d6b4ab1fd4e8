h5.read("nothing.h5")
